/** Prismo on the command line: `npm start`, `npm start -- --help`. */
import { openProvider, systemClock, type Provider } from "beehive-actors";
import { runPrismo, type Report } from "./app.ts";
import { readInput, type Input } from "./input.ts";
import { parseOptions, usage, type Options } from "./options.ts";
import { showProgress } from "./progress.ts";
import { plural, problemsOf, reportAsJson, reportForPeople, shortened } from "./report.ts";
import { Tally } from "./tally.ts";

const wrong = { result: 1, input: 2 };

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const interrupted = interruption();
  let ready: [Options, Input, Provider];
  try {
    const options = parseOptions(args);
    if (options.help) return print(usage);
    const input = await readInput(options.orders, options.stock);
    complain(shortened(input.problems));
    if (input.problems.length > 0 && !options.skipBad) return wrong.input;
    if (input.problems.length > 0) complain([`Skipped: ${plural(input.problems.length, "bad line")}.`]);
    ready = [options, input, await openProvider(options.provider, { clock: systemClock })];
  } catch (error) {
    complain([error instanceof Error ? error.message : String(error)]);
    return wrong.input;
  }
  const [options, input, provider] = ready;
  if (options.serve !== undefined) {
    const { serveShop } = await import("./serve-shop.ts");
    const opened = (url: string): number => print(`Post orders to ${url} (Ctrl-C closes the shop)\n`);
    await serveShop(provider, options, options.serve, interrupted, opened);
    await provider.close();
    return 0;
  }
  if (options.dashboard) {
    const { openShop } = await import("./open-shop.ts");
    await openShop(provider, options, interrupted, (url) => print(`The dashboard: ${url} (Ctrl-C closes the shop)\n`));
    return 0;
  }
  const report = await run(options, input, provider, interrupted);
  print(`${options.json ? reportAsJson(report) : reportForPeople(report)}\n`);
  if (interrupted.aborted) return interrupted.reason as number;
  const problems = problemsOf(report);
  complain(problems);
  return problems.length > 0 ? wrong.result : 0;
}

async function run(options: Options, input: Input, provider: Provider, signal: AbortSignal): Promise<Report> {
  const tally = new Tally();
  const endProgress = process.stdout.isTTY ? showProgress(input.orders.length, tally) : () => {};
  try {
    return await runPrismo(input.orders, input.products, { ...options, provider, tally, signal });
  } finally {
    endProgress();
    await provider.close();
  }
}

/** Aborts at the first signal, with its exit code; the second ends the process at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const listen = (signal: NodeJS.Signals, exitCode: number): void => {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(exitCode);
      complain(["Stopping after the events in work; signal again to stop at once."]);
      controller.abort(exitCode);
    });
  };
  listen("SIGINT", 130);
  listen("SIGTERM", 143);
  return controller.signal;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(problems: readonly string[]): void {
  for (const problem of problems) process.stderr.write(`${problem}\n`);
}
