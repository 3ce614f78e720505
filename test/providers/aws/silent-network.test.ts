/** A network that accepts requests and never responds. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import { destroyClients, makeClients } from "../../../providers/aws/client.ts";
import { completed } from "../../../providers/aws/config.ts";
import { AwsProvider } from "../../../providers/aws/index.ts";
import { ClaimCheck } from "../../../providers/aws/queues/claim-check.ts";
import { actorDescription, createHive, silentLogger, type Hive } from "../../../src/index.ts";
import { awsScene, eventTo, spec } from "../../support/aws-hive.ts";
import { failureOf } from "../../support/failure.ts";
import { startSilentProxy } from "../../support/silent-proxy.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: silent network", { timeoutMs: 30_000 });

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function pollingOf(hive: Hive): Promise<string | undefined> {
  return (await hive.health({ askProvider: false })).detail.actors[0]?.polling;
}

test("a hive fails requests in a silent network, recovers, and stops", async () => {
  const scene = await awsScene();
  const network = await startSilentProxy(Number(new URL(scene.servers.endpoint).port));
  const endpoint = `http://127.0.0.1:${network.port}`;
  const provider = new AwsProvider({ prefix: "test", wait: "1s", requestTimeout: 300, endpoint });
  const bodies: unknown[] = [];
  class Worker {
    processAsync(event: { getBody(): unknown }): void {
      bodies.push(event.getBody());
    }
  }
  actorDescription("Orders", {})(Worker);
  const hive = await createHive({ actors: Worker, provider, logger: silentLogger });
  await hive.start();
  await hive.push(eventTo("Orders", "before"));
  while (bodies.length < 1) await sleep(10);

  network.silent = true;
  const failure = await failureOf(hive.push(eventTo("Orders", "during")));
  assert.is(failure.code, "Timeout");
  assert.match(failure.message, /sqs:SendMessage on test-Orders failed: .*did not respond in time/);
  while ((await pollingOf(hive)) !== "failing") await sleep(10);
  for (let looks = 0; looks < 20; looks++) {
    await sleep(100);
    assert.is(await pollingOf(hive), "failing");
  }

  network.silent = false;
  await scene.provider.queues.push([eventTo("Orders", "after")]);
  while (!bodies.includes("after")) await sleep(10);
  assert.is(await pollingOf(hive), "well");

  network.silent = true;
  await hive.stop({ deadline: 100 });
  await provider.close();
  await network[Symbol.asyncDispose]();
  await scene.close();
});

test("an unanswered receive ends with its failure, not as empty", async () => {
  const scene = await awsScene({ requestTimeout: 300 });
  await scene.provider.queues.ensure([spec("Idle")]);
  scene.servers.delay = ({ action }) => (action === "sqs:ReceiveMessage" ? new Promise(() => {}) : undefined);
  const { signal } = new AbortController();
  const failure = await failureOf(
    scene.provider.queues.lease(spec("Idle").name, { max: 1, leaseMs: 60_000, waitMs: 1_000, signal }),
  );
  assert.is(failure.code, "Timeout");
  scene.servers.delay = () => undefined;
  await scene.close();
});

test("a claim whose transfer stops half-way fails", async () => {
  const server = createServer((_, answer) => void answer.writeHead(200, { "content-length": "10" }).write("half"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients = makeClients(completed({ endpoint, region: "us-east-1", requestTimeout: 300 }));
  const claims = new ClaimCheck(clients.s3, "data");
  const failure = await failureOf(claims.fetch('{"beehiveClaim":"claims/1"}'));
  assert.is(failure.code, "Timeout");
  destroyClients(clients);
  server.closeAllConnections();
  server.close();
});

test.run();
