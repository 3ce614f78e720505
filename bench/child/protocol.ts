import type { Settings } from "./hops.ts";
import type { Latency, Throughput } from "./load.ts";
import type { Shares } from "./profile.ts";

/** Requests to the process of a contestant, with their options and results. */
export interface Commands {
  open: { readonly options: Settings; readonly answer: undefined };
  throughput: { readonly options: { readonly seconds: number; readonly window: number }; readonly answer: Throughput };
  latency: {
    readonly options: { readonly ratePerSecond: number; readonly seconds: number };
    readonly answer: Latency;
  };
  /** Processor time of an idle process, in ms per second. */
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
