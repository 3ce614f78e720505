import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Body } from "./body.ts";
import type { Handled, Settings } from "./hops.ts";

const variable = "BENCH_SIBLING";
/** How long handler calls are gathered before they are told, in ms. */
const gatherMs = 2;

type Calls = readonly (readonly [hop: 0 | 1 | 2, sequence: number])[];

/** The settings of this process, when it is one that {@link startSiblings} started. */
export function siblingSettings(): Settings | undefined {
  const text = process.env[variable];
  return text === undefined ? undefined : (JSON.parse(text) as Settings);
}

/** Starts more processes of the program; their handler calls are passed to `handled`. Resolves when they are at work. */
export async function startSiblings(count: number, settings: Settings, handled: Handled): Promise<() => Promise<void>> {
  const siblings = Array.from({ length: count }, () => {
    const env = { ...process.env, [variable]: JSON.stringify(settings) };
    return fork(process.argv[1] ?? "", { env, stdio: "inherit" });
  });
  for (const sibling of siblings) {
    sibling.on("message", (message) => {
      if (message === "ready") return;
      for (const [hop, sequence] of message as Calls) handled(hop, { sequence } as Body);
    });
  }
  await Promise.all(siblings.map((sibling) => once(sibling, "message")));
  return async () => {
    await Promise.all(siblings.map(end));
  };
}

async function end(sibling: ChildProcess): Promise<void> {
  const ended = once(sibling, "exit");
  sibling.disconnect();
  await ended;
}

/** Tells the process that started this one of handler calls, and closes when that one ends it. */
export async function serveAsSibling(open: (handled: Handled) => Promise<() => Promise<unknown>>): Promise<void> {
  let calls: (readonly [0 | 1 | 2, number])[] = [];
  const close = await open((hop, { sequence }) => {
    if (calls.length === 0)
      setTimeout(() => {
        process.send?.(calls);
        calls = [];
      }, gatherMs);
    calls.push([hop, sequence]);
  });
  process.once("disconnect", () => void close().finally(() => process.exit()));
  process.send?.("ready");
}
