/** Options of the command line. */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as z from "zod";
import { defaultLease } from "./app.ts";
import { maxFailureRate } from "./chaos.ts";

export const usage: string = `Usage: npm start -- [options]

  --orders FILE         orders, one JSON object a line (default: a sample)
  --stock FILE          products, one JSON object a line (default: a sample)
  --provider URL        provider (default: the variable BEEHIVE_PROVIDER, else memory:)
  --seed N              seed of failing payments and frauds (default: 1)
  --failure-rate R      share of random failures, up to ${maxFailureRate} (default: 0)
  --parallelism N       events in work at the same time, for each subscription
  --lease MS            lease of an event in ms (default: ${defaultLease})
  --skip-bad            skip bad lines instead of failing
  --dashboard           keep the shop open, with steady orders, and show it in a browser
  --port N              port of the dashboard (default: 4000)
  --serve PORT          keep the shop open, and take orders by POST /ingest/orders
  --json                print the summary as one line of JSON
  --help                show this help

Exits with 0 when every order ended correctly, 1 when one did not, 2 for wrong input.
`;

export interface Options {
  readonly orders: string;
  readonly stock: string;
  readonly provider: string;
  readonly seed: number;
  readonly failureRate: number;
  readonly parallelism?: number | undefined;
  readonly lease?: number | undefined;
  readonly skipBad: boolean;
  readonly dashboard: boolean;
  readonly port: number;
  readonly serve?: number | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

const string = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;

const number = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/, "must be a number")
  .transform(Number);
const whole = number.refine(Number.isSafeInteger, "must be a whole number");
const port = whole.refine((number) => number >= 0 && number <= 65_535, "must be from 0 to 65535");
const values = z.object({
  orders: z.string().default(() => sample("orders")),
  stock: z.string().default(() => sample("stock")),
  provider: z.string().optional(),
  seed: whole.default(1),
  "failure-rate": number
    .refine((rate) => rate >= 0 && rate <= maxFailureRate, `must be from 0 to ${maxFailureRate}`)
    .default(0),
  parallelism: whole.refine((count) => count >= 1, "must be at least 1").optional(),
  lease: whole.refine((ms) => ms >= 1_000, "must be at least 1000").optional(),
  "skip-bad": z.boolean(),
  dashboard: z.boolean(),
  port: port.default(4000),
  serve: port.optional(),
  json: z.boolean(),
  help: z.boolean(),
});

/** @throws Error with all problems in one line. */
export function parseOptions(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): Options {
  const options = {
    orders: string,
    stock: string,
    provider: string,
    seed: string,
    "failure-rate": string,
    parallelism: string,
    lease: string,
    "skip-bad": flag,
    dashboard: flag,
    port: string,
    serve: string,
    json: flag,
    help: flag,
  };
  const { success, data, error } = values.safeParse(parseArgs({ args: [...args], options }).values);
  if (!success) throw new Error(error.issues.map(({ path, message }) => `--${path.join(".")} ${message}`).join("; "));
  const { "failure-rate": failureRate, "skip-bad": skipBad, ...rest } = data;
  const provider = rest.provider ?? (environment["BEEHIVE_PROVIDER"] || "memory:");
  return { ...rest, provider, failureRate, skipBad };
}

function sample(name: string): string {
  return fileURLToPath(new URL(`data/${name}.ndjson`, import.meta.url));
}
