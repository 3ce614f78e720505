import { readdirSync, readFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second. */
const tickMs = 10;

/** Returns a process and its descendants; without `/proc` only itself. */
export function processTree(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const pid of runningProcesses()) {
    const parent = Number(statOf(pid)[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Processor time in ms, with that of ended children; 0 without `/proc`. */
export function cpuMsOf(processes: readonly number[]): number {
  let ticks = 0;
  for (const pid of processes) {
    const stat = statOf(pid);
    for (const at of [11, 12, 13, 14]) ticks += Number(stat[at] ?? 0);
  }
  return ticks * tickMs;
}

/** The process that started this one. */
export function parentOf(pid: number): number {
  return Number(statOf(pid)[1] ?? pid);
}

function runningProcesses(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Fields behind the name in `/proc/PID/stat`: state, parent, ..., from the 11th the processor time. */
function statOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
