/** Takes readings over HTTP into a file of SQLite, and handles them: `http-edge.js FILE`. Prints its port. */
import { actor, createHive, eventType, silentLogger } from "beehive-actors";
import { ingestion, serve } from "beehive-actors/http";

const ReadingTaken = eventType<{ device: string }>("ReadingTaken");
const Collect = actor("ReadingTaken-Collect", ReadingTaken, { parallelism: 256 }, async () => {});
// A process that only publishes leaves the handling to others.
const [file = "", works = "true"] = process.argv.slice(2);
const hive = await createHive({ actors: Collect, provider: `sqlite:${file}`, logger: silentLogger });
if (works === "true") await hive.start();
else await hive.setup();
const edge = ingestion(hive, {
  handlers: { readings: ReadingTaken },
  authorize: () => ({ name: "bench" }),
  maxConcurrent: 1_000,
});
const server = await serve({ hive, port: 0, apps: { "/": edge } });
console.log(server.port);
process.once("SIGTERM", () => {
  void server.close().then(() => hive.stop());
});
