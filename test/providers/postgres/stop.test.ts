/** A hive that stops while its server is gone, or its network is silent. */
import { actorDescription, createHive, Event, silentLogger, type ProcessorActor } from "beehive-actors";
import * as assert from "uvu/assert";
import { Latch } from "../../../src/base/latch.ts";
import { noPostgres, postgresSchema, postgresUrl } from "../../support/postgres-server.ts";
import { startSilentProxy, type SilentProxy } from "../../support/silent-proxy.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: stop", { timeoutMs: 60_000, skip: noPostgres });

const deadlineMs = 1_000;
/** The most that a stop takes beyond its deadline, and that a busy machine adds, in ms. */
const closingMs = 6_000 + 3_000;

/** Stops a hive whose actor does not finish. Returns its log. */
async function stopped(lose: (proxy: SilentProxy) => unknown): Promise<readonly string[]> {
  const schema = postgresSchema();
  await using proxy = await startSilentProxy(Number(new URL(postgresUrl).port));
  const url = Object.assign(new URL(schema.url), { port: String(proxy.port) });
  const begun = new Latch<void>();
  @actorDescription("Job-Run")
  class Job implements ProcessorActor {
    async processAsync(): Promise<void> {
      begun.resolve();
      await new Promise(() => {});
    }
  }
  const lines: string[] = [];
  const logger = { ...silentLogger, warn: (_fields: object, message: string) => void lines.push(message) };
  const hive = await createHive({ actors: Job, provider: url.href, logger });
  await hive.start();
  await hive.push(new Event("Job"));
  await begun.promise;
  await lose(proxy);
  const at = performance.now();
  await hive.stop({ deadline: deadlineMs });
  const tookMs = performance.now() - at;
  assert.ok(tookMs < deadlineMs + closingMs, `it took ${tookMs} ms`);
  await schema.drop();
  return lines;
}

test("a stop ends soon after its deadline when the server is gone or silent", async () => {
  const [gone, silent] = await Promise.all([
    stopped((proxy) => proxy[Symbol.asyncDispose]()),
    stopped((proxy) => (proxy.silent = true)),
  ]);
  for (const lines of [gone, silent])
    assert.ok(
      lines.some((line) => line.startsWith("the hive stops")),
      lines.join("\n"),
    );
  assert.ok(
    silent.some((line) => line.startsWith("the server does not answer, its connections were dropped")),
    silent.join("\n"),
  );
});

test.run();
