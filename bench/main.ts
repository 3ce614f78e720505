import { parseArgs } from "node:util";
import { contest } from "./contest.ts";
import { floor, hive } from "./memory.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, events: { type: "string", default: "50000" } },
  allowPositionals: true,
});

const results = await contest([hive, floor], Number(values.events), 5);
const base = results.find(({ name }) => name === floor.name)?.median ?? NaN;
for (const { name, median, min, max } of results) {
  const range = `${Math.round(min)} to ${Math.round(max)}`;
  console.log(
    `${name.padEnd(36)} ${String(Math.round(median)).padStart(9)} events/s  (${range})  ${(median / base).toFixed(2)} x floor`,
  );
}
if (values.json) {
  const memory = results.find(({ name }) => name === hive.name)?.median ?? NaN;
  console.log(
    JSON.stringify({
      node: process.version,
      memoryEventsPerSecond: memory,
      floorEventsPerSecond: base,
      memoryToFloor: memory / base,
    }),
  );
}
