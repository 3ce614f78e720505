import type { Settings } from "./hops.ts";
import type { Latency, Throughput } from "./load.ts";
import type { Shares } from "./profile.ts";

/** What a contestant's process can be asked for: each with its options and its answer. */
export interface Commands {
  open: { readonly options: Settings; readonly answer: undefined };
  throughput: { readonly options: { readonly seconds: number; readonly window: number }; readonly answer: Throughput };
  latency: {
    readonly options: { readonly ratePerSecond: number; readonly seconds: number };
    readonly answer: Latency;
  };
  /** Processor time while nothing is to do, in ms a second. */
  idle: { readonly options: { readonly seconds: number }; readonly answer: number };
  profile: { readonly options: { readonly seconds: number; readonly window: number }; readonly answer: Shares };
  close: { readonly options: Record<string, never>; readonly answer: undefined };
}

export type CommandName = keyof Commands;

export interface Request<C extends CommandName = CommandName> {
  readonly command: C;
  readonly options: Commands[C]["options"];
}

export type Reply = { readonly answer: unknown } | { readonly error: string };
