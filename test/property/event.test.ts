import fc from "fast-check";
import { Event } from "beehive-actors";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { eventArbitrary, optionsArbitrary } from "./arbitraries.ts";

const test = suite("any event", { timeoutMs: 60_000 });

test("any JSON body reads as JSON makes it, and cannot be changed", () => {
  fc.assert(
    fc.property(fc.jsonValue(), optionsArbitrary, (body, options) => {
      const event = new Event("Any", body, options);
      const expected: unknown = JSON.parse(JSON.stringify(body));
      assert.equal(event.getBody(), expected);
      const read = event.getBody();
      if (typeof read === "object" && read !== null) Object.assign(read, { changed: true });
      assert.equal(event.getBody(), expected);
    }),
  );
});

test("any event survives plain data and a structured clone", () => {
  fc.assert(
    fc.property(eventArbitrary, (event) => {
      assert.equal(Event.fromRecord(structuredClone(event.toRecord())).toRecord(), event.toRecord());
    }),
  );
});

test("a clone of any event has another id only", () => {
  fc.assert(
    fc.property(eventArbitrary, (event) => {
      const { id, ...clone } = event.clone().toRecord();
      assert.is.not(id, event.id);
      assert.equal({ ...clone, id: event.id }, event.toRecord());
    }),
  );
});

test("a clone of any event takes any changes and no others", () => {
  fc.assert(
    fc.property(eventArbitrary, optionsArbitrary, (event, changes) => {
      const clone = event.clone(changes);
      const { body, contentType } = event.toRecord();
      assert.equal({ ...clone.toRecord(), body, contentType }, clone.toRecord());
      const { schemaVersion } = event.properties;
      const kept = schemaVersion === undefined ? {} : { schemaVersion };
      for (const [name, value] of Object.entries(changes))
        assert.equal(
          clone[name as keyof Event],
          name === "properties" ? { ...kept, ...(value as object) } : value,
          name,
        );
      for (const name of ["url", "correlationId", "partitionKey", "delivery"] as const)
        if (!(name in changes)) assert.is(clone[name], event[name]);
    }),
  );
});

test("any text as JSON is a value or an error", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
      const event = Event.fromRecord({
        ...new Event("Any").toRecord(),
        body: text,
      });
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        assert.throws(() => event.getBody(), /cannot be read: it (is not JSON, wrong at position|has no body)/);
        return;
      }
      assert.equal(event.getBody(), expected);
    }),
  );
});

test.run();
