import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Effort, Outcome } from "./outcome.ts";
import { scratchFolder } from "./servers/scratch.ts";
import { spreadOf } from "./statistics.ts";
import { numberOf, spreadText } from "./table.ts";

const root = join(import.meta.dirname, "..");

interface Start {
  readonly name: string;
  /** Module to import. @default none: an empty Node */
  readonly module?: string;
  /** Packages that it must not load: the SDK of another cloud. */
  readonly without: readonly string[];
}

const azure = "@azure/";
const amazon = "@aws-sdk/";
const starts: readonly Start[] = [
  { name: "an empty Node", without: [] },
  { name: "beehive-actors", module: "beehive-actors", without: [azure, amazon, "rhea", "libsql"] },
  { name: "beehive-actors/memory", module: "beehive-actors/memory", without: [azure, amazon] },
  { name: "beehive-actors/sqlite", module: "beehive-actors/sqlite", without: [azure, amazon] },
  { name: "beehive-actors/aws", module: "beehive-actors/aws", without: [azure] },
  { name: "beehive-actors/aws/lambda", module: "beehive-actors/aws/lambda", without: [azure] },
  { name: "beehive-actors/azure", module: "beehive-actors/azure", without: [amazon] },
  { name: "beehive-actors/azure/functions", module: "beehive-actors/azure/functions", without: [amazon] },
];

/** Measures the time until the library is usable, and the modules that it loads. */
export async function start({ quick }: Effort): Promise<Outcome> {
  const rounds = quick ? 3 : 15;
  const times = new Map<Start, number[]>(starts.map((each) => [each, []]));
  for (let round = 0; round < rounds; round++)
    for (const [each, all] of times) {
      const before = performance.now();
      run(programOf(each));
      all.push(performance.now() - before);
    }
  const [[, empty = []] = []] = times;
  const loaded = new Map(starts.map((each) => [each, modulesOf(each)]));
  const addedMs = (each: Start): number[] => (times.get(each) ?? []).map((ms, round) => ms - (empty[round] ?? NaN));
  const figures = Object.fromEntries(
    starts.flatMap((each) =>
      each.module === undefined ? [] : [[`start:${each.module}`, spreadOf(addedMs(each)).median] as const],
    ),
  );
  return {
    tables: [
      {
        title: "Start: from the start of Node to the end of the import",
        columns: ["imported", "ms", "ms more than an empty Node", "modules loaded", "of a cloud not asked for"],
        rows: starts.map((each) => [
          each.name,
          numberOf(spreadOf(times.get(each) ?? []).median),
          each.module === undefined ? "" : spreadText(spreadOf(addedMs(each))),
          String(loaded.get(each)?.length ?? 0),
          String(strangers(each, loaded.get(each) ?? []).length),
        ]),
        notes: [`Median (least to most) of ${rounds} rounds, with warm file caches.`],
      },
    ],
    figures: {
      ...figures,
      startStrangers: starts.reduce((sum, each) => sum + strangers(each, loaded.get(each) ?? []).length, 0),
    },
  };
}

function strangers({ without }: Start, modules: readonly string[]): string[] {
  return modules.filter((url) => without.some((name) => url.includes(`/node_modules/${name}`)));
}

function programOf({ module }: Start): string {
  return module === undefined ? "" : `import(${JSON.stringify(module)})`;
}

function run(program: string, environment: Readonly<Record<string, string>> = {}): void {
  execFileSync(process.execPath, ["--eval", program], { cwd: root, env: { ...process.env, ...environment } });
}

/** Returns all loaded files: a coverage report names every script. */
function modulesOf(each: Start): string[] {
  using folder = scratchFolder();
  run(programOf(each), { NODE_V8_COVERAGE: folder.path });
  const [report = ""] = readdirSync(folder.path);
  const { result } = JSON.parse(readFileSync(join(folder.path, report), "utf8")) as { result: { url: string }[] };
  return result.map(({ url }) => url).filter((url) => url.startsWith("file:"));
}
