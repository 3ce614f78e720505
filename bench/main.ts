/**
 * `npm run bench` runs all benches quickly, `npm run bench -- NAME...` some in full. `--quick`, `--seconds`,
 * `--rounds` and `--events` set the amount, `--json` ends with one line of figures, `--write` updates RESULTS.md.
 */
import { parseArgs } from "node:util";
import { loadavg } from "node:os";
import { aws } from "./aws.ts";
import { batch } from "./batch.ts";
import { buildContestants } from "./contest/build.ts";
import { kafka } from "./kafka.ts";
import { memory } from "./memory.ts";
import type { Bench, Effort } from "./outcome.ts";
import { http } from "./http.ts";
import { installPeers } from "./peers.ts";
import { postgres } from "./postgres.ts";
import { readTimeText } from "./read-time.ts";
import { reference } from "./reference.ts";
import { writeResults } from "./results.ts";
import { sqlite } from "./sqlite.ts";
import { start } from "./start.ts";
import { textOf } from "./table.ts";

const benches: Readonly<Record<string, Bench>> = {
  memory,
  reference,
  sqlite,
  batch,
  postgres,
  start,
  aws,
  http,
  kafka,
};

const full: Effort = { quick: false, seconds: 3, rounds: 5, events: 1_000 };
const quick: Effort = { quick: true, seconds: 0.5, rounds: 3, events: 400 };

const { values, positionals } = argumentsGiven();
const unknown = positionals.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0)
  refuse(`No bench is called ${unknown.join(", ")}. There are ${Object.keys(benches).join(", ")}.`);
const usual = !values.quick && (positionals.length > 0 || values.write) ? full : quick;
const effort: Effort = {
  quick: usual.quick,
  seconds: countFrom("seconds", usual.seconds),
  rounds: countFrom("rounds", usual.rounds),
  events: countFrom("events", usual.events),
};

// Exit, so that started servers end too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const trouble = installPeers();
if (trouble) console.log(trouble);
await buildContestants();

const [load = 0] = loadavg();
if (load > 0.5) console.log(`The load of this machine is ${load.toFixed(1)}: what follows is not to be trusted.`);
console.log(readTimeText());

const figures: Record<string, number> = {};
for (const [name, run] of Object.entries(benches)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const outcome = await run(effort);
  for (const table of outcome.tables) console.log(textOf(table));
  Object.assign(figures, outcome.figures);
  if (values.write) writeResults(name, outcome, effort);
}
if (values.json) console.log(JSON.stringify({ node: process.version, ...figures }));

function argumentsGiven() {
  try {
    return parseArgs({
      options: {
        json: { type: "boolean", default: false },
        write: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        seconds: { type: "string" },
        rounds: { type: "string" },
        events: { type: "string" },
      },
      allowPositionals: true,
    });
  } catch (error) {
    return refuse(`${(error as Error).message.split(". ", 1)[0]}. bench/README.md lists the options.`);
  }
}

/** A wrong argument: reported in a line, without a stack. */
function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

function countFrom(option: "seconds" | "rounds" | "events", usually: number): number {
  const given = values[option];
  if (given === undefined) return usually;
  const count = Number(given);
  if (!(count > 0)) refuse(`--${option} must be a number above 0, not "${given}".`);
  return count;
}
