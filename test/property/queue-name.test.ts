import fc from "fast-check";
import { isBeeHiveError, QueueName } from "beehive-actors";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { nameArbitrary } from "./arbitraries.ts";

const test = suite("any queue name", { timeoutMs: 60_000 });

test("two names join to a subscription, or to the queue", () => {
  fc.assert(
    fc.property(nameArbitrary, nameArbitrary, (topic, subscription) => {
      const name = QueueName.parse(`${topic}-${subscription}`);
      assert.is(name.topic, topic);
      assert.is(name.kind, topic === subscription ? "queue" : "subscription");
      assert.is(name.subscription, topic === subscription ? "" : subscription);
    }),
  );
});

test("any queue name survives its text", () => {
  const texts = fc.oneof(
    nameArbitrary,
    nameArbitrary.map((name) => `${name}-`),
    nameArbitrary.map((name) => `${name}-${name}`),
    fc.tuple(nameArbitrary, nameArbitrary).map((names) => names.join("-")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const name = QueueName.parse(text);
      const again = QueueName.parse(name.toString());
      assert.is(again.toString(), name.toString());
      assert.equal([again.kind, again.topic, again.subscription], [name.kind, name.topic, name.subscription]);
    }),
  );
});

test("a text parses exactly if it looks like a queue name", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[\w-]{0,12}$/)), (text) => {
      let parsed = true;
      try {
        QueueName.parse(text);
      } catch (error) {
        parsed = false;
        assert.ok(isBeeHiveError(error, "InvalidQueueName"));
      }
      assert.is(parsed, /^[A-Za-z0-9_]+(-[A-Za-z0-9_]*)?$/.test(text) && !text.endsWith("\n"));
    }),
  );
});

test.run();
