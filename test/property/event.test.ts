import fc from "fast-check";
import { Event } from "beehive-actors";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";
import { eventArbitrary, optionsArbitrary } from "./arbitraries.ts";

const test = suite("any event", { timeoutMs: 60_000 });

test("given any JSON, when it is the body, then what is read is what JSON makes of it, and changing it changes nothing", () => {
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

test("given any event, when it goes to plain data and back, through a structured clone, then it is equal", () => {
  fc.assert(
    fc.property(eventArbitrary, (event) => {
      assert.equal(Event.fromRecord(structuredClone(event.toRecord())).toRecord(), event.toRecord());
    }),
  );
});

test("given any event, when it is cloned, then only the id is another", () => {
  fc.assert(
    fc.property(eventArbitrary, (event) => {
      const { id, ...clone } = event.clone().toRecord();
      assert.is.not(id, event.id);
      assert.equal({ ...clone, id: event.id }, event.toRecord());
    }),
  );
});

test("given any event, when it is cloned with any changes, then those hold and nothing else changed", () => {
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

test("given any text as body and as JSON, when it is read, then it is the value or the error says that it is none", () => {
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
