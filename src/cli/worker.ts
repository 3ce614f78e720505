import { messageOf } from "../base/error-text.ts";
import { redact } from "../base/redact.ts";
import { healthServer, type HealthServer } from "../hive/health-server.ts";
import type { Hive } from "../hive/hive.ts";
import type { CommandContext } from "./command.ts";
import { exitCode, type ExitCode } from "./exit-code.ts";
import { aborted } from "./terminal/interruption.ts";

/** A hive or a relay. */
export type Worker = Pick<Hive, "start" | "stop" | "whenStopped" | "health">;

/**
 * Runs a worker until a signal, or until it stops by itself. Serves its health where the settings say so.
 *
 * @param announce Prints what the worker does, once it runs.
 */
export async function runWorker(
  context: CommandContext,
  worker: Worker,
  announce: (health: HealthServer | undefined) => void,
): Promise<ExitCode> {
  const { signal } = context;
  const settings = await context.settings();
  const stop = (): Promise<void> => worker.stop({ deadline: settings.stopDeadline ?? 30_000 });
  let health: HealthServer | undefined;
  try {
    const { port, host } = settings.health ?? {};
    // Serve health before the start: a probe that cannot connect takes a slow start for a dead process.
    if (port !== undefined) health = await healthServer(worker, { port, host });
    await Promise.race([worker.start(), aborted(signal)]);
    if (!signal.aborted) {
      announce(health);
      if (health) context.output.note(`Health: port ${health.port}, /live, /ready and /metrics/lag.`);
    }
    return await end(context, worker, stop);
  } finally {
    await stop();
    await health?.close();
  }
}

/** Waits for a signal, or until supervision stops the worker. */
async function end(
  { output, signal }: CommandContext,
  worker: Pick<Worker, "whenStopped">,
  stop: () => Promise<void>,
): Promise<ExitCode> {
  try {
    await Promise.race([worker.whenStopped(), aborted(signal).then(stop)]);
  } catch (reason) {
    output.complain(`the hive was stopped: ${messageOf(reason)}`);
    if (output.json) output.line({ state: "stopped", reason: redact(messageOf(reason)) });
    return exitCode.failed;
  }
  if (output.json) output.line({ state: "stopped" });
  return exitCode.well;
}
