/**
 * A process that works under a rate limit, for tests that run several. Options are JSON in the first argument. Prints
 * `ready`, then `ran T` for each run, T in ms since the epoch. It runs until it is killed.
 */
import { actorDescription, createHive, rateLimit, silentLogger, type ProcessorActor } from "beehive-actors";

export interface RateWorkerOptions {
  readonly url: string;
  readonly limit: number;
  readonly perMs: number;
}

if (process.argv[1] === import.meta.filename) {
  const { url, limit, perMs } = JSON.parse(process.argv[2] ?? "") as RateWorkerOptions;
  @actorDescription("Ping-Limited", { middleware: [rateLimit({ limit, per: perMs })] })
  class LimitedActor implements ProcessorActor {
    processAsync(): void {
      process.stdout.write(`ran ${Date.now()}\n`);
    }
  }
  const hive = await createHive({ actors: LimitedActor, provider: url, logger: silentLogger, journal: false });
  await hive.start();
  process.stdout.write("ready\n");
  await hive.whenStopped();
}
