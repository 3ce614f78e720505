import { hash } from "node:crypto";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { stampOutputs } from "../../../src/delivery/stamp.ts";
import { Event } from "../../../src/events/event.ts";
import { uuidOf } from "../../../src/base/uuid.ts";
import { identityOf, OutputId } from "../../../src/events/output-id.ts";
import { eventArbitrary } from "../../property/arbitraries.ts";
import { stampRules } from "../../support/stamp-rules.ts";
import { suite } from "../../support/suite.ts";

const test = suite("ids of outputs that are read late");

const received = (event: Event): Event => event.with({ queueName: `${event.queueName.replace("-", "")}-Reads` });
const withoutId = (event: Event): Event => event.clone();

/** The id as it is defined, worked out at once. */
function defined(input: Event, output: Event, ordinal: number): string {
  const { url, partitionKey, properties, body } = output;
  const bare = Object.keys(properties).length === 0;
  const traits = bare && url === undefined && partitionKey === undefined;
  const all = bare ? [url, partitionKey] : [url, partitionKey, properties];
  const text = typeof body === "string" ? body : Buffer.from(body).toString("base64");
  const from = `${identityOf(input)}\n${input.queueName}\n${output.eventType}\n${output.queueName}`;
  const content = `${from}\n${traits ? "" : JSON.stringify(all)}\n${text}`;
  return uuidOf(hash("sha256", ordinal === 0 ? content : `${ordinal}\n${content}`, "hex"));
}

test("any id read late equals the id worked out at once", () => {
  fc.assert(
    fc.property(eventArbitrary, fc.array(eventArbitrary, { minLength: 1, maxLength: 4 }), (first, outputs) => {
      // Each output is the input of the next step, and no id is read before the last event is there.
      const inputs = [received(first)];
      for (const output of outputs) {
        const [stamped] = stampOutputs(inputs.at(-1) as Event, [withoutId(output)], {}, stampRules({ atomic: true }));
        inputs.push(received(stamped as Event));
      }
      const late = inputs.map(({ id, causationId }) => [id, causationId]).reverse();
      const atOnce = inputs.slice(1).map((_, n) => defined(inputs[n] as Event, withoutId(outputs[n] as Event), 0));
      assert.equal(
        late
          .map(([id]) => id)
          .reverse()
          .slice(1),
        atOnce,
      );
      assert.equal(
        late
          .map(([, cause]) => cause)
          .reverse()
          .slice(1),
        [inputs[0]?.id, ...atOnce.slice(0, -1)],
      );
    }),
  );
});

test("equal outputs read late differ by their ordinals", () => {
  const input = received(new Event("In", 1));
  const outputs = [1, 2, 1, 1].map((body) => new Event("Out", body));
  const ids = stampOutputs(input, outputs, {}, stampRules({ atomic: true })).map(({ id }) => id);
  assert.equal(
    ids,
    outputs.map((output, n) => defined(input, output.clone(), [0, 0, 1, 2][n] as number)),
  );
});

test("an id is worked out only when it is read", () => {
  const output = stampOutputs(
    received(new Event("In", 1)),
    [new Event("Out", 1)],
    {},
    stampRules({ atomic: true }),
  )[0] as Event;
  assert.is(output.hasId, true);
  assert.instance(output.idSource, OutputId);
  assert.is((output.idSource as OutputId).isRead, false);
  const copy = received(output);
  assert.is(copy.id, output.id);
  assert.is((output.idSource as OutputId).isRead, true);
});

test("an endless chain of unread ids keeps few bodies", () => {
  let event = received(new Event("Ping", "x".repeat(200)));
  const sources: OutputId[] = [];
  let most = 0;
  for (let n = 0; n < 200; n++) {
    const [next] = stampOutputs(event, [new Event("Ping", "x".repeat(200))], {}, stampRules({ atomic: true }));
    event = received(next as Event);
    sources.push(event.idSource as OutputId);
    most = Math.max(most, sources.filter(({ isRead }) => !isRead).length);
  }
  assert.ok(most > 5 && most < 30, `${most} ids were unread`);
});

test("an output is new, unless the actor or a step that may repeat named it", () => {
  const input = received(new Event("In", 1));
  const isNew = (output: Event, atomic: boolean): boolean | undefined =>
    stampOutputs(input, [output], {}, stampRules({ atomic }))[0]?.isNew;
  assert.is(isNew(new Event("Out", 1), true), true);
  assert.is(isNew(new Event("Out", { a: 1 }, { byReference: true }), true), true);
  assert.is(isNew(new Event("Out", 1, { id: "mine" }), true), false);
  assert.is(isNew(new Event("Out", 1), false), false);
  assert.is(new Event("Out", 1).isNew, false);
  const [output] = stampOutputs(input, [new Event("Out", 1)], {}, stampRules({ atomic: true }));
  assert.is(isNew(output as Event, true), false, "an event of another step may be returned twice");
});

test.run();
