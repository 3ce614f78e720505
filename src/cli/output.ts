import { once } from "node:events";
import { styleText } from "node:util";
import { printable } from "../base/printable.ts";
import { safeText } from "../base/safe-text.ts";

/** Longer notes and error messages are cut, in characters, as errors may quote long responses. */
const maxText = 65_536;

type Style = Parameters<typeof styleText>[0];

/** The streams that a command writes to. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/**
 * The output of a command. Results go to the standard output, everything else goes to the standard error.
 *
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

  /** True if the standard output is a terminal, so that a table may be redrawn in place. */
  get interactive(): boolean {
    return isPerson(this.#streams.stdout, this.#environment);
  }

  /** True if the standard error is a terminal, where progress is shown. */
  get showsProgress(): boolean {
    return isPerson(this.#streams.stderr, this.#environment);
  }

  /** The width of the terminal. @default 120 */
  get columns(): number {
    return this.#streams.stdout.columns ?? 120;
  }

  get stderr(): NodeJS.WriteStream {
    return this.#streams.stderr;
  }

  /** Prints a text for people, with a line break. Foreign text in it must be made {@link printable} by the caller. */
  print(text: string): void {
    this.#streams.stdout.write(`${text}\n`);
  }

  /** Writes text or bytes unchanged. */
  write(bytes: string | Uint8Array): void {
    this.#streams.stdout.write(bytes);
  }

  /** Resolves when the standard output has taken what was written, so that long outputs do not pile up. */
  async taken(): Promise<void> {
    const { stdout } = this.#streams;
    if (stdout.writableNeedDrain) await once(stdout, "drain");
  }

  /** Prints the one JSON document of a command. */
  result(value: unknown): void {
    this.#streams.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** Prints one line of NDJSON. */
  line(value: unknown): void {
    this.#streams.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Writes a log line to the standard error. The caller masks secrets, since masking here could break the JSON. */
  log(json: string): void {
    this.#streams.stderr.write(`${printable(json)}\n`);
  }

  /** Writes a note for people to the standard error, with secrets masked, made {@link printable}. */
  note(text: string): void {
    this.#streams.stderr.write(`${printable(safeText(text, maxText))}\n`);
  }

  /** Writes an error message to the standard error, with secrets masked, made {@link printable}. */
  complain(text: string): void {
    const label = hasColour(this.#streams.stderr, this.#environment) ? coloured("red", "error:") : "error:";
    this.#streams.stderr.write(`${label} ${printable(safeText(text, maxText))}\n`);
  }

  /** Returns the text in colour if the standard output has colours. */
  style(style: Style, text: string): string {
    return hasColour(this.#streams.stdout, this.#environment) ? coloured(style, text) : text;
  }
}

/** Colours a text. The caller has checked its stream, so `styleText` must not check the standard output. */
function coloured(style: Style, text: string): string {
  return styleText(style, text, { validateStream: false });
}

/** Returns true if a stream has colours. `NO_COLOR` and `FORCE_COLOR` win over the terminal. */
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
