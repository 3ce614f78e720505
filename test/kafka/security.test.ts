/** TLS and SASL beside an Apache Kafka broker, whose listeners ask for them. */
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import { kafkaSink } from "../../integrations/kafka/sink.ts";
import type { KafkaClient } from "../../integrations/kafka/client.ts";
import type { KafkaClientOptions } from "../../integrations/kafka/platformatic/index.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Event } from "../../src/events/event.ts";
import { createHive } from "../../src/hive/hive.ts";
import { failureOf } from "../support/failure.ts";
import { numbered, numbersOf, until, upTo } from "../support/kafka-shop.ts";
import type { SecureListeners } from "./broker.ts";
import { Cluster, kafkaSuite } from "./cluster.ts";

const test = kafkaSuite("TLS and SASL of Apache Kafka");
const password = "of-ada-alone";
const wrong = "of-nobody-at-all";
const kafka = new Cluster({ users: { ada: password } });

test.before(() => kafka.start());
test.after(() => kafka.stop());

function secure(): SecureListeners {
  const { secure: listeners } = kafka.broker;
  if (!listeners) throw new Error("The broker has no secure listeners.");
  return listeners;
}

type Sasl = KafkaClientOptions["sasl"];

function clientWith(sasl: Sasl, ca = secure().certificates.brokerCertificate): KafkaClient {
  return kafka.client({ brokers: secure().sasl, tls: { ca }, sasl });
}

/** Returns a token that nobody signed, as the broker of the tests takes it. */
function tokenOf(seconds: number): string {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString("base64url");
  const now = Date.now() / 1_000;
  return `${part({ alg: "none" })}.${part({ sub: "ada", iat: now - 60, exp: now + seconds })}.`;
}

/** Sends events through a sink and a source that connect by a client. */
async function assertWorks(client: KafkaClient): Promise<void> {
  const topic = await kafka.newTopic(2);
  const sink = kafkaSink("OrderPaid-Kafka", { client, topic });
  await using hive = await createHive({ actors: [sink], logger: silentLogger });
  await hive.start();
  await hive.push(upTo(20).map((n) => new Event("OrderPaid", { n }, { partitionKey: `k${n}` })));
  await hive.whenIdle();
  await using shop = await kafka.shopOn(topic, { client });
  assert.equal(numbersOf(await shop.sees(20)), upTo(20));
}

const plain: Sasl = { mechanism: "PLAIN", username: "ada", password };

for (const [name, sasl] of Object.entries<Sasl>({
  PLAIN: plain,
  "SCRAM-SHA-256": { mechanism: "SCRAM-SHA-256", username: "ada", password },
  "SCRAM-SHA-512": { mechanism: "SCRAM-SHA-512", username: () => "ada", password: async () => password },
  OAUTHBEARER: { mechanism: "OAUTHBEARER", token: async () => tokenOf(3_600) },
}))
  test(`sinks and sources work with ${name} over TLS`, () => assertWorks(clientWith(sasl)));

test("sinks and sources work with a certificate of the client", async () => {
  const { tls: brokers, certificates } = secure();
  const { brokerCertificate: ca, clientKeys: pfx, password: passphrase } = certificates;
  await assertWorks(kafka.client({ brokers, tls: { ca, pfx, passphrase } }));
});

test("tls.servername is the name in the certificate of a broker", async () => {
  const ca = secure().certificates.brokerCertificate;
  const topic = await kafka.newTopic();
  const [, port] = secure().sasl.split(":");
  const at = (servername?: string): KafkaClient =>
    kafka.client({ brokers: `127.0.0.1:${port}`, tls: { ca, ...(servername && { servername }) }, sasl: plain });
  assert.equal(await at("localhost").offsets(topic, "end"), new Map([[0, 0]]));
  assert.match((await failureOf(at().offsets(topic, "end"))).message, "does not match certificate");
});

test("a token is taken anew before it expires, and no record is lost", async () => {
  const topic = await kafka.newTopic();
  let tokens = 0;
  const client = clientWith({ mechanism: "OAUTHBEARER", token: () => (tokens++, tokenOf(4)) });
  await using shop = await kafka.shopOn(topic, { client });
  await kafka.write(topic, numbered(1));
  await shop.sees(1);
  const before = tokens;
  let n = 1;
  while (tokens < before + 2) await kafka.write(topic, numbered(1, n++));
  assert.equal(numbersOf(await shop.sees(n)), upTo(n));
});

/** Refused clients: with the code, and a part of the message. */
const refused: Readonly<Record<string, readonly [() => KafkaClient, code: string, message: string]>> = {
  "a wrong password for PLAIN": [
    () => clientWith({ mechanism: "PLAIN", username: "ada", password: wrong }),
    "AccessDenied",
    "refuses the user or the password: correct sasl",
  ],
  "a wrong password for SCRAM": [
    () => clientWith({ mechanism: "SCRAM-SHA-512", username: "ada", password: () => wrong }),
    "AccessDenied",
    "refuses the user or the password: correct sasl",
  ],
  "a token that has expired": [
    () => clientWith({ mechanism: "OAUTHBEARER", token: () => tokenOf(-30) }),
    "AccessDenied",
    "refuses the token",
  ],
  "a function of a token that throws": [
    () => clientWith({ mechanism: "OAUTHBEARER", token: () => Promise.reject(new Error("the issuer is down")) }),
    "AccessDenied",
    "A function of sasl throws: see the cause",
  ],
  "a certificate that is not trusted": [
    () => clientWith(plain, secure().certificates.otherCertificate),
    "Unavailable",
    "The certificate is not trusted: name its authority by tls.ca",
  ],
  "a client without a certificate": [
    () => kafka.client({ brokers: secure().tls, tls: { ca: secure().certificates.brokerCertificate } }),
    "Unavailable",
    "A broker closes connections without the TLS, the certificate or the sasl",
  ],
  "a client without TLS": [
    () => kafka.client({ brokers: secure().sasl, sasl: plain }),
    "AccessDenied",
    "A broker closes connections without the TLS",
  ],
};

for (const [name, [client, code, part]] of Object.entries(refused))
  test(`${name} is an error without secrets`, async () => {
    const topic = await kafka.newTopic();
    const producer = await client().producer({ acks: "all", compression: "none" });
    const record = { topic, key: undefined, value: Buffer.from("{}"), timestamp: 0, headers: {} };
    const errors = [await failureOf(client().offsets(topic, "end")), await failureOf(producer.send([record]))];
    await producer.close();
    for (const error of errors) {
      assert.is(error.code, code);
      assert.match(error.message, part);
      const whole = inspect(error, { depth: Infinity, showHidden: true });
      for (const secret of [password, wrong, tokenOf(0).slice(0, 20)]) assert.not(whole.includes(secret));
    }
  });

test("a source with a wrong password says so, and logs no secret", async () => {
  const topic = await kafka.newTopic();
  const logged: unknown[] = [];
  const log = (...content: unknown[]): void => void logged.push(content);
  const logger = { ...silentLogger, debug: log, info: log, warn: log, error: log };
  const client = clientWith({ mechanism: "PLAIN", username: "ada", password: wrong });
  await using shop = await kafka.shopOn(topic, { client, logger });
  await until(async () => (await shop.hive.hives())[0]?.sources[0]?.failing === "AccessDenied");
  const text = inspect(logged, { depth: Infinity, showHidden: true });
  assert.match(text, "refuses the user or the password");
  assert.not(text.includes(wrong));
});

test.run();
