/** A process that takes readings over HTTP into a file of SQLite: `ingest-server.ts FILE`. It prints its port. */
import { createHive, eventType } from "beehive-actors";
import { ingestion, serve } from "beehive-actors/http";

const ReadingTaken = eventType<{ n: number }>("ReadingTaken");
const hive = await createHive({ provider: `sqlite:${process.argv[2]}`, publishes: [ReadingTaken] });
await hive.setup();
const edge = ingestion(hive, {
  handlers: { readings: ReadingTaken },
  authorize: () => ({ name: "test" }),
  maxConcurrent: 1_000,
});
const server = await serve({ hive, port: 0, apps: { "/": edge } });
console.log(`listening on ${server.port}.`);
