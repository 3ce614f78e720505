import * as assert from "uvu/assert";
import { redact } from "../../src/redact.ts";
import { suite } from "../support/suite.ts";

const test = suite("redact");

const secrets: readonly (readonly [what: string, text: string, redacted: string])[] = [
  ["the password of a URL", "amqps://user:pa@ss@host:5671/x?a=1", "amqps://***@host:5671/x?a=1"],
  [
    "a connection string of Service Bus",
    "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=aB+c/d=;EntityPath=q",
    "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=***;EntityPath=q",
  ],
  [
    "a connection string of storage",
    "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=Zm9v/YmFy==;EndpointSuffix=core.windows.net",
    "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=***;EndpointSuffix=core.windows.net",
  ],
  [
    "a signature of storage",
    "https://shop.blob.core.windows.net/a?sv=1&sig=aBc%3D&se=2",
    "https://shop.blob.core.windows.net/a?sv=1&sig=***&se=2",
  ],
  ["a parameter of a provider", "azure:?apiKey=abc&table=x", "azure:?apiKey=***&table=x"],
  ["a parameter called key", "azure:?key=abc&table=x", "azure:?key=***&table=x"],
  [
    "a connection string in a parameter",
    "azure:?c=Endpoint%3Dsb%3A%2F%2Fh%2F%3BSharedAccessKey%3DaB%2Bc%3D%3BEntityPath%3Dq&table=x",
    "azure:?c=Endpoint%3Dsb%3A%2F%2Fh%2F%3BSharedAccessKey%3D***%3BEntityPath%3Dq&table=x",
  ],
  ["a field of JSON", '{"secretAccessKey":"a\\"b","partitionKey":"k"}', '{"secretAccessKey":"***","partitionKey":"k"}'],
  ["an access key id", "denied to AKIAIOSFODNN7EXAMPLE there", "denied to *** there"],
  ["a temporary access key id", "denied to ASIAIOSFODNN7EXAMPLE there", "denied to *** there"],
  ["a bearer token", "Authorization: Bearer abc.def-123", "Authorization: Bearer ***"],
  ["a header", '{"Authorization":"Basic dXNlcjpwYXNz"}, plan: Basic', '{"Authorization":"Basic ***"}, plan: Basic'],
  ["a header of Azure", "Authorization: SharedKey account:aB+c/d=", "Authorization: SharedKey ***"],
  ["a JSON web token", "token eyJhbGciOi.eyJzdWIi.c2ln!", "token ***!"],
  ["a JSON web token behind a dash", "session-eyJhbGciOi.eyJzdWIi.c2ln!", "session-***!"],
];

for (const [what, text, redacted] of secrets) {
  test(`given ${what}, when redacted, then the secret is gone and the rest is there`, () => {
    assert.is(redact(text), redacted);
    assert.is(redact(redacted), redacted, "again changes nothing");
  });
}

test("given a secret within a text in JSON, when redacted, then it is JSON still", () => {
  const json = JSON.stringify({ message: 'wrong: "password=abc"', error: { message: "Password=x;y" } });
  assert.equal(JSON.parse(redact(json)), { message: 'wrong: "password=***"', error: { message: "Password=***;y" } });
});

test("given what holds no secret, when redacted, then it stays as it is", () => {
  for (const text of [
    "sqlite:./hive.db?durability=normal",
    "aws:?region=eu-west-1&prefix=shop",
    "a key=value, 12:30 user@host",
    "Authorization: none\nHost: example.com",
  ])
    assert.is(redact(text), text);
});

test("given long texts that nearly hold secrets, as errors that quote bodies do, when redacted, then it is done at once", () => {
  const startedAt = performance.now();
  for (const part of [
    "a",
    "a.",
    "api",
    "apikey",
    "Pwd",
    "SharedSecret",
    "eyJ",
    "eyJ-",
    "eyJ.-",
    '"token',
    "Bearer ",
    " apiKey",
  ])
    redact(part.repeat(200_000 / part.length));
  // Each of most of these alone took longer than this when it was looked at from each of its letters.
  assert.ok(performance.now() - startedAt < 5_000);
});

test.run();
