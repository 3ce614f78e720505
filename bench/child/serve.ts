import { setTimeout as sleep } from "node:timers/promises";
import type { Hops, Open } from "./hops.ts";
import { Load } from "./load.ts";
import { profiled } from "./profile.ts";
import type { CommandName, Commands, Reply, Request } from "./protocol.ts";

/** Makes this process a contestant, which serves the requests of its parent one at a time. */
export function serve(open: Open): void {
  let load = new Load();
  let hops: Hops | undefined;
  const opened = (): Hops => {
    if (!hops) throw new Error("it is not open");
    return hops;
  };
  const commands: { [C in CommandName]: (options: Commands[C]["options"]) => Promise<Commands[C]["answer"]> } = {
    async open(settings) {
      load = new Load();
      hops = await open(settings, load.handled);
      globalThis.gc?.();
      return undefined;
    },
    throughput: ({ seconds, window }) => load.throughput(opened(), seconds, window),
    latency: ({ ratePerSecond, seconds }) => load.latency(opened(), ratePerSecond, seconds),
    async idle({ seconds }) {
      const cpu = process.cpuUsage();
      await sleep(seconds * 1_000);
      const { user, system } = process.cpuUsage(cpu);
      return (user + system) / 1_000 / seconds;
    },
    profile: ({ seconds, window }) => profiled(() => load.throughput(opened(), seconds, window)),
    async close() {
      await hops?.close();
      hops = undefined;
      return undefined;
    },
  };
  process.on("message", ({ command, options }: Request) => {
    const run = commands[command] as (given: unknown) => Promise<unknown>;
    run(options).then(
      (answer) => reply({ answer }),
      (error: unknown) => reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on("disconnect", () => process.exit());
}

function reply(message: Reply): void {
  process.send?.(message);
}
