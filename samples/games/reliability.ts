import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHive, createRelay, openProvider, systemClock } from "beehive-actors";
import { LevelCompleted } from "./events.ts";
import * as handlers from "./handlers.ts";

export const reliabilities = ["fire-and-forget", "local-store", "remote-store"] as const;
export type Reliability = (typeof reliabilities)[number];

/** Levels that the player was told of, and those that the back end knows. */
export interface Loss {
  readonly told: number;
  readonly known: number;
}

/**
 * Kills a game server after some levels, and counts the levels that are lost.
 *
 * @param levels The number of levels until the kill.
 * @param node Flags of Node for the server.
 */
export async function lossOf(reliability: Reliability, levels: number, node: readonly string[]): Promise<Loss> {
  const folder = await mkdtemp(join(tmpdir(), "beehive-games-"));
  const [local, remote] = [`sqlite:${join(folder, "local.db")}`, `sqlite:${join(folder, "remote.db")}`];
  const backEnd = await createHive({ actors: handlers, provider: remote });
  await backEnd.setup();
  const here = await openProvider(local, { clock: systemClock });
  const relay = await createRelay({ from: here, to: backEnd.provider, topics: [LevelCompleted] });
  await relay.setup();
  try {
    const told = await killedAfter(levels, [
      ...node,
      join(import.meta.dirname, "server.ts"),
      reliability,
      local,
      remote,
    ]);
    // The events in the local store go on to the back end, after the server is gone.
    await relay.start();
    await relay.whenIdle();
    const { ready } = await backEnd.queue("LevelCompleted-Progress").counts();
    return { told, known: ready };
  } finally {
    await relay.stop();
    await here.close();
    await backEnd.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a server until it told of so many levels, and kills it. Returns how many it told of. */
async function killedAfter(levels: number, args: readonly string[]): Promise<number> {
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(server, "exit");
  let told = 0;
  for await (const part of server.stdout.setEncoding("utf8")) {
    told += String(part).split("\n").length - 1;
    if (told >= levels) server.kill("SIGKILL");
  }
  await exit;
  return told;
}
