import assert from "node:assert/strict";
import { BeeHiveError } from "../../../base/errors.ts";
import type { Codec } from "../../../contract/codec.ts";
import type { DeadLetter } from "../../../contract/dead-letter.ts";
import { Event } from "../../../events/event.ts";
import type { ContractCase } from "../contract.ts";
import { eventually } from "../eventually.ts";
import { actor, running } from "./harness.ts";

const contentType = 'application/mirrored; schema="Any/1"';

/** Writes a body backwards, as bytes that are no text. */
const mirrored: Codec = {
  encode: ({ body, contentType: type }) => ({
    contentType,
    body: new Uint8Array(Buffer.concat([Buffer.from([255, 0]), Buffer.from(JSON.stringify([type, body]))]).reverse()),
  }),
  decode(travelling) {
    if (travelling.contentType !== contentType) return travelling;
    const bytes = Buffer.from(travelling.body as Uint8Array).reverse();
    if (bytes[0] !== 255) throw new BeeHiveError("BodyUnreadable", "it is no mirrored body.");
    const [type, body] = JSON.parse(bytes.subarray(2).toString()) as [string, string];
    return { contentType: type, body };
  },
};

/** Bodies that a codec encodes. */
export const codecs: readonly ContractCase[] = [
  {
    name: "a body that a codec encodes is read as it was",
    async run(subject) {
      const [a, b] = [subject.newName(), subject.newName()];
      const seen: unknown[] = [];
      const actors = [
        actor(`${a}-Sends`, (event) => [
          new Event(b, event.getBody(), { queueName: b }),
          event.clone({ queueName: b }),
        ]),
        actor(b, (event) => void seen.push([event.contentType, event.getBody()])),
      ];
      await using hive = await running(subject, actors, { codec: mirrored });
      await hive.push(new Event(a, { text: "ä\u{1f600}" }, { partitionKey: "1" }));
      await eventually("both arrive", () => seen.length === 2);
      assert.deepEqual(seen, [
        [contentType, { text: "ä\u{1f600}" }],
        [contentType, { text: "ä\u{1f600}" }],
      ]);
    },
  },
  {
    name: "a body that cannot be decoded is dead-lettered, and kept as it came",
    async run(subject) {
      const topic = subject.newName();
      const wrong = new Uint8Array([1, 2, 0, 255, 1]);
      const reads = actor(`${topic}-Reads`, (event) => void event.getBody());
      await using hive = await running(subject, [reads], { codec: mirrored });
      await subject.provider.queues.push([new Event(topic, wrong, { contentType })]);
      const queue = hive.queue(`${topic}-Reads`);
      await eventually("it is dead-lettered", async () => (await queue.counts()).dead === 1);
      const letters: DeadLetter[] = [];
      for await (const one of queue.deadLetters()) letters.push(one);
      const [letter] = letters;
      assert.equal(letter?.errorName, "BodyUnreadable");
      assert.deepEqual([letter.event.body, letter.event.contentType], [wrong, contentType]);
    },
  },
];
