import fc from "fast-check";
import { Event, type EventOptions, type EventProperty } from "beehive-actors";

/** A valid name of a queue, topic or subscription. */
export const nameArbitrary: fc.Arbitrary<string> = fc.stringMatching(/^\w{1,20}$/);

/** A valid type or id of an event. */
const headerArbitrary = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  .filter((text) => text.length <= 128 && !/[\u0000-\u001f\u007f]/.test(text));

const propertyArbitrary: fc.Arbitrary<EventProperty> = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
  fc.integer(),
);

/** Names that CloudEvents accepts as extensions, also those of our own fields, and names that it does not accept. */
const propertyNameArbitrary = fc
  .oneof(
    fc.stringMatching(/^[a-z0-9]{1,24}$/),
    fc.string({ unit: "grapheme", minLength: 1 }),
    fc.constantFrom("source", "subject", "id", "data", "correlationid", "beehiveproperties", "schemaVersion"),
  )
  .filter((name) => name !== "__proto__");

const dateArbitrary = fc.date({
  noInvalidDate: true,
  min: new Date("0001-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
});

export const optionsArbitrary: fc.Arbitrary<EventOptions> = fc.record(
  {
    id: headerArbitrary,
    queueName: nameArbitrary.map((name) => `${name}-`),
    timestamp: dateArbitrary,
    url: fc.webUrl(),
    properties: fc.dictionary(propertyNameArbitrary, propertyArbitrary, { maxKeys: 5, noNullPrototype: true }),
    enqueueTime: dateArbitrary,
    correlationId: headerArbitrary,
    causationId: headerArbitrary,
    partitionKey: headerArbitrary,
    delivery: fc.constantFrom("business", "log"),
  },
  { requiredKeys: ["queueName"] },
);

/** A body with its content type. */
const bodyArbitrary: fc.Arbitrary<{ body: unknown; contentType?: string }> = fc.oneof(
  fc.constant({ body: undefined }),
  fc.record({ body: fc.jsonValue({ noUnicodeString: false }) }),
  fc.record({
    body: fc.string({ unit: "grapheme" }),
    contentType: fc.constantFrom("text/plain", "text/csv; charset=utf-8"),
  }),
  fc.record({ body: fc.uint8Array({ minLength: 1 }) }),
);

/** Any valid event. */
export const eventArbitrary: fc.Arbitrary<Event> = fc
  .tuple(headerArbitrary, bodyArbitrary, optionsArbitrary)
  .map(([type, { body, ...contentType }, options]) => new Event(type, body, { ...options, ...contentType }));
