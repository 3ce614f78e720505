import * as assert from "uvu/assert";
import { redact, redactField } from "../../../src/base/redact.ts";
import { secretShapes, theSecret } from "../../support/secrets.ts";
import { suite } from "../../support/suite.ts";

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
  test(`a secret in ${what} is masked, the rest stays`, () => {
    assert.is(redact(text), redacted);
    assert.is(redact(redacted), redacted, "again changes nothing");
  });
}

test("JSON with a masked secret is still JSON", () => {
  const json = JSON.stringify({ message: 'wrong: "password=abc"', error: { message: "Password=x;y" } });
  assert.equal(JSON.parse(redact(json)), { message: 'wrong: "password=***"', error: { message: "Password=***;y" } });
});

for (const [what, text] of Object.entries(secretShapes)) {
  test(`${what} keeps nothing of its secret`, () => {
    const redacted = redact(text);
    assert.not.match(redacted, theSecret.slice(0, 8));
    assert.match(redacted, "***");
    assert.is(redact(redacted), redacted, "again changes nothing");
  });
}

test("a text without a secret stays as it is", () => {
  for (const text of [
    "sqlite:./hive.db?durability=normal",
    "aws:?region=eu-west-1&prefix=shop",
    "a key=value, 12:30 user@host",
    "Authorization: none\nHost: example.com",
    '{"partitionKey":"order-1","key":"k","code":404}',
    "partitionKey: order-1, the key of the item: 7",
    "SharedAccessKeyName=RootManageSharedAccessKey; secretName: db-password",
    "https://shop.example/orders?code=404&page=2",
    "the password is wrong, and the token has expired",
    "has a password: yes, has a token: false, cookie: null",
    "the password is null. Is the token none? The secret: undefined",
    "Invalid token:\n    at parse (file:///app/a.js:1:2)",
    "credentials:\n  user: ada",
    "bypass: 5, passed: 7",
    "Unexpected token } in JSON at position 4",
    "Basic authentication is required",
    "TypeError: Cannot read properties of undefined (reading 'id')\n    at Payment.processAsync (file:///app/payment.js:1:2)",
  ])
    assert.is(redact(text), text);
});

test("the field of a secret is masked by its name", () => {
  for (const name of ["password", "dbPassword", "x-api-key", "API_KEY", "accessToken", "Cookie", "connectionString"])
    assert.is(redactField(name, "hunter2"), "***", name);
  for (const name of ["partitionKey", "key", "keyName", "secretName", "name", "tokenised by"])
    assert.is(redactField(name, "hunter2"), "hunter2", name);
  assert.is(redactField("tokens", 5), 5);
});

/** Beginnings of secrets, at each of which a search could start. */
const beginnings = [
  ...'a|a.|api|apikey|accesskey|Pwd|SharedSecret|eyJ|eyJ-|eyJ.-|eyJ-eyJ-a.b.c|"token|Bearer |Basic a| apiKey'.split(
    "|",
  ),
  ...[
    'password="',
    "password='",
    'password:\\"',
    '"password":"\\\\',
    '\\"',
    "password=[",
    "password[",
    "pass",
    "password:\n  a",
    "Digest ",
    "={",
    "''",
    "pass ",
  ],
  ..."://,a://,a:,a://b@,%3A%2F%2Fa%3A,password%3D,--token ,<token>,cookie:,authorization: a ,?code=,?key=".split(","),
  ..."sk-,SG.a,ghp_a,AKIA0,+/,secret-,secretname,password   ,-----BEGIN PRIVATE KEY-----,-----BEGIN ".split(","),
];

test("long texts that nearly hold secrets take no more than their length", () => {
  const startedAt = process.cpuUsage();
  for (const part of beginnings) redact(`${part.repeat(50_000 / part.length)}!`);
  // With a search from each place of the text, a single beginning took longer.
  assert.ok(process.cpuUsage(startedAt).user < 5_000_000);
});

test.run();
