import { fileURLToPath } from "node:url";
import { actor, createHive, eventType, silentLogger } from "beehive-actors";
import type { IngestAnswer } from "beehive-actors/http";
import * as assert from "uvu/assert";
import { plainEnvironment, root, startProcess } from "../support/cli.ts";
import { sqliteFile } from "../support/sqlite-file.ts";
import { suite } from "../support/suite.ts";

const test = suite("ingestion under a kill", { timeoutMs: 60_000 });

const ReadingTaken = eventType<{ n: number }>("ReadingTaken");

test("every accepted id is there after the restart", async () => {
  using file = sqliteFile();
  const found = new Set<string>();
  const Collect = actor("ReadingTaken-Collect", ReadingTaken, { parallelism: 256 }, async ({ event: { id } }) => {
    found.add(id);
  });
  const options = { actors: Collect, provider: `sqlite:${file.path}`, logger: silentLogger };
  await using before = await createHive(options);
  await before.setup();
  await before.stop();

  const program = fileURLToPath(import.meta.resolve("../support/ingest-server.ts"));
  const args = ["--import", import.meta.resolve("tsx"), "-C", "beehive-source", program, file.path];
  using server = startProcess(process.execPath, args, { cwd: root, env: plainEnvironment() });
  await server.says("listening on");
  const port = /listening on (\d+)\./.exec(server.said())?.[1];
  const accepted = new Set<string>();
  let sent = 0;
  const client = async (): Promise<void> => {
    for (;;) {
      const lines = Array.from({ length: 50 }, () => `${JSON.stringify({ n: sent++ })}\n`).join("");
      const headers = { "content-type": "application/x-ndjson" };
      const response = await fetch(`http://127.0.0.1:${port}/ingest/readings`, {
        method: "POST",
        headers,
        body: lines,
      });
      if (response.status !== 200) throw new Error(`an answer of ${response.status}`);
      const { handlers } = (await response.json()) as IngestAnswer;
      for (const id of handlers["readings"]?.events ?? []) accepted.add(id);
      if (accepted.size > 5_000) server.signal("SIGKILL");
    }
  };
  // Each ends with the server.
  await Promise.allSettled(Array.from({ length: 8 }, client));
  server.signal("SIGKILL");
  await server.ended;
  assert.ok(accepted.size > 5_000);

  await using hive = await createHive(options);
  await hive.start();
  await hive.whenIdle();
  assert.equal(
    [...accepted].filter((id) => !found.has(id)),
    [],
  );
  assert.ok(found.size <= sent);
});

test.run();
