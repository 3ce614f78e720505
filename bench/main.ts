/** `npm run bench` runs all of them quickly, `npm run bench -- NAME` one of them in full; `--events N`, `--json`. */
import { parseArgs } from "node:util";
import { aws } from "./aws.ts";
import { memory } from "./memory.ts";
import type { Bench } from "./outcome.ts";

/** How many events each works with, in full and quickly. */
const benches: Readonly<Record<string, { readonly run: Bench; readonly full: number; readonly quick: number }>> = {
  memory: { run: memory, full: 50_000, quick: 5_000 },
  aws: { run: aws, full: 1_000, quick: 400 },
};

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false }, events: { type: "string" } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0)
  throw new Error(`No bench is called ${unknown.join(", ")}. There are ${Object.keys(benches).join(", ")}.`);

const figures: Record<string, number> = {};
for (const [name, { run, full, quick }] of Object.entries(benches)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const outcome = await run(Number(values.events ?? (positionals.length > 0 ? full : quick)));
  for (const line of outcome.lines) console.log(line);
  Object.assign(figures, outcome.figures);
}
if (values.json) console.log(JSON.stringify({ node: process.version, ...figures }));
