import { styleText } from "node:util";
import { printable } from "../base/printable.ts";
import { safeText } from "../base/safe-text.ts";

/** Longer remarks and complaints are cut, in characters: errors quote what they were answered. */
const maxText = 65_536;

type Style = Parameters<typeof styleText>[0];

/** The streams that a command writes to, as far as it needs to know them. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/**
 * Where a command writes: what it was asked for goes to the standard output, everything else to the standard error.
 * With `--json` the standard output holds one JSON document or NDJSON and nothing else.
 */
export class Output {
  readonly json: boolean;
  readonly #streams: Streams;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(json: boolean, streams: Streams = process, environment: NodeJS.ProcessEnv = process.env) {
    this.json = json;
    this.#streams = streams;
    this.#environment = environment;
  }

  /** Whether a person sees the standard output, so that it may be drawn over. */
  get interactive(): boolean {
    return isPerson(this.#streams.stdout, this.#environment);
  }

  /** Whether a person sees the standard error, where progress is shown. */
  get showsProgress(): boolean {
    return isPerson(this.#streams.stderr, this.#environment);
  }

  /** The width of the terminal, or what pipes are given. */
  get columns(): number {
    return this.#streams.stdout.columns ?? 120;
  }

  get stderr(): NodeJS.WriteStream {
    return this.#streams.stderr;
  }

  /** A text for people, as it is; a line break is added. What others wrote of it must be {@link printable}. */
  print(text: string): void {
    this.#streams.stdout.write(`${text}\n`);
  }

  /** What is no text, as it is. */
  write(bytes: string | Uint8Array): void {
    this.#streams.stdout.write(bytes);
  }

  /** The one JSON document of a command. */
  result(value: unknown): void {
    this.#streams.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** One line of NDJSON. */
  line(value: unknown): void {
    this.#streams.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** A line of a log, its secrets masked already: masking JSON could break it. On the standard error. */
  log(json: string): void {
    this.#streams.stderr.write(`${printable(json)}\n`);
  }

  /** A remark for people, on the standard error, secrets masked and {@link printable}. */
  note(text: string): void {
    this.#streams.stderr.write(`${printable(safeText(text, maxText))}\n`);
  }

  /** What went wrong, on the standard error, secrets masked and {@link printable}. */
  complain(text: string): void {
    const label = hasColour(this.#streams.stderr, this.#environment) ? coloured("red", "error:") : "error:";
    this.#streams.stderr.write(`${label} ${printable(safeText(text, maxText))}\n`);
  }

  /** The text in colour where the standard output has any. */
  style(style: Style, text: string): string {
    return hasColour(this.#streams.stdout, this.#environment) ? coloured(style, text) : text;
  }
}

/** Whether there is colour has been decided: by the stream that the text goes to, not by the standard output. */
function coloured(style: Style, text: string): string {
  return styleText(style, text, { validateStream: false });
}

/** `NO_COLOR` and `FORCE_COLOR` decide; else there is colour on a terminal that has some. */
function hasColour(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): boolean {
  if (environment["NO_COLOR"]) return false;
  const forced = environment["FORCE_COLOR"];
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  return isPerson(stream, environment) && stream.hasColors(environment);
}

function isPerson(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && environment["TERM"] !== "dumb" && !isSet(environment["CI"]);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !["", "0", "false"].includes(value);
}
