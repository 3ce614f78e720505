import { Socket } from "node:net";
import pg from "pg";
import { sleep, type Clock } from "../../src/base/clock.ts";
import { BeeHiveError } from "../../src/base/errors.ts";
import { safeText } from "../../src/base/safe-text.ts";
import { isCutInPassword, type PostgresConfig, type PostgresPool } from "./config.ts";
import { inSchema, lockKeyOf } from "./database/migrate.ts";
import { prepare, stateOf } from "./database/prepare.ts";
import type { Value } from "./database/value.ts";
import { failureOf, isOfServer, translate } from "./errors.ts";

/** How long a call is repeated while the server cannot be reached, and the first and longest pause, in ms. */
const retryLimitMs = 5_000;
const retryMs = { min: 25, max: 500 };
/** How long to wait for a connection, and for an answer, in ms. */
const connectMs = 10_000;
const answerMs = 60_000;
/** How long a server takes that is still there, in ms. */
const silentMs = 2_000;

/** Rows of the server. */
export interface Answer<R> {
  readonly rows: readonly R[];
  /** True if the call was repeated, and may have been done twice. */
  readonly repeated: boolean;
}

const int8 = 20;
/** Reads 64-bit integers as numbers: all of ours are safe. */
const types = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === int8 && format !== "binary" ? Number : pg.types.getTypeParser(oid, format),
};

/**
 * The connections of a process. Each call is one statement, hence one transaction, and needs no state of a session, so
 * that any connection serves it, also through a pooler.
 */
export class PostgresClient {
  readonly schema: string;
  /** The channel of its notices. */
  readonly channel: string;
  /** The first half of the keys of its advisory locks. */
  readonly lockKey: number;
  /** Where it is, without secrets, for errors. */
  readonly where: string;
  readonly #config: PostgresConfig;
  readonly #clock: Clock;
  readonly #pool: PostgresPool;
  readonly #normal: boolean;
  /** The sockets of its connections, so that they can be dropped when the server is silent. */
  readonly #sockets = new Set<Socket>();
  /** True after a call that did not reach the server. */
  #failing = false;
  /** The calls under way, and when they were sent, by `performance.now()`; the oldest first. */
  readonly #sent = new Set<{ readonly at: number }>();
  /** The statements of this process, as they are sent. */
  readonly #texts = new Map<string, string>();
  #preparing: Promise<void> | undefined;
  #prepared = false;
  #closed = false;

  constructor(config: PostgresConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.schema = config.schema;
    this.channel = `beehive:${config.schema}`;
    this.lockKey = lockKeyOf(config.schema);
    this.#normal = config.durability === "normal";
    this.#pool = config.pool ?? this.#newPool();
    this.where = `The schema "${config.schema}" of ${shownServer(config)}`;
  }

  /** True while the server cannot be reached, or has been silent for a while. */
  get failing(): boolean {
    const [oldest] = this.#sent;
    return this.#failing || (oldest !== undefined && performance.now() - oldest.at > silentMs);
  }

  /** Makes the schema ready for use, the first time. @throws BeeHiveError with what stands against it. */
  async ready(): Promise<void> {
    if (this.#prepared) return;
    this.#preparing ??= this.#prepare();
    await this.#preparing;
  }

  async #prepare(): Promise<void> {
    const giveUpAt = this.#clock.now() + retryLimitMs;
    for (;;) {
      try {
        await prepare((text, values) => this.#send(inSchema(text, this.schema), values), this.#config, this.where);
        this.#prepared = true;
        return;
      } catch (error) {
        // A server that is not there is not waited for: its address may be wrong.
        const isThere = failureOf(error) !== "refused" && isOfServer(error);
        if (!isThere || this.#closed || this.#clock.now() >= giveUpAt) {
          this.#preparing = undefined;
          throw translate(error, this.where);
        }
      }
      await sleep(this.#clock, retryMs.min);
    }
  }

  /** Returns whether the schema exists. Makes nothing. */
  async exists(): Promise<boolean> {
    try {
      const send = <R>(text: string, values?: readonly Value[]): Promise<readonly R[]> =>
        this.#send(inSchema(text, this.schema), values);
      const { version } = await stateOf(send, this.schema, this.where);
      return version > 0;
    } catch (error) {
      throw translate(error, this.where);
    }
  }

  /**
   * Calls a function of the schema.
   *
   * @param soft The server need not flush it: what is lost with a crash is made again.
   */
  call<R>(
    name: string,
    values: readonly Value[],
    { soft = false }: { readonly soft?: boolean } = {},
  ): Promise<Answer<R>> {
    const parameters = values.map((_, index) => `$${index + 1}`).join(", ");
    const off = soft || this.#normal ? "set_config('synchronous_commit', 'off', true), " : "";
    return this.query<R>(`SELECT t.* FROM ${off}beehive.${name}(${parameters}) AS t`, values);
  }

  /** Sends one statement, in which `beehive.` stands for the schema. Repeats it while the server is not to be had. */
  async query<R>(text: string, values: readonly Value[] = []): Promise<Answer<R>> {
    await this.ready();
    const giveUpAt = this.#clock.now() + retryLimitMs;
    let repeated = false;
    for (let pauseMs = retryMs.min; ; pauseMs = Math.min(retryMs.max, pauseMs * 2)) {
      if (this.#closed) throw new BeeHiveError("InvalidState", "The provider postgres is closed.");
      try {
        const rows = await this.#send<R>(this.#inSchema(text), values);
        this.#failing = false;
        return { rows, repeated };
      } catch (error) {
        const failure = failureOf(error);
        this.#failing = failure !== "refused";
        if (failure === "refused" || this.#closed || this.#clock.now() >= giveUpAt) throw translate(error, this.where);
        repeated ||= failure === "unknown";
      }
      await sleep(this.#clock, pauseMs);
    }
  }

  /** Makes a connection of its own, to listen. */
  connect(): pg.Client {
    const { listen } = this.#config;
    const direct = /^postgres(ql)?:/.test(listen) ? { connectionString: listen } : undefined;
    return new pg.Client(this.#options(direct ?? this.#config.pool?.options ?? this.#config.connection));
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#config.pool === undefined) await this.#pool.end();
  }

  /** Ends all calls and connections at once. */
  drop(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #inSchema(text: string): string {
    let sent = this.#texts.get(text);
    if (sent === undefined) this.#texts.set(text, (sent = inSchema(text, this.schema)));
    return sent;
  }

  async #send<R>(text: string, values: readonly Value[] = []): Promise<readonly R[]> {
    const call = { at: performance.now() };
    this.#sent.add(call);
    try {
      const { rows } = await this.#pool.query({ text, values: [...values], types });
      return rows as readonly R[];
    } finally {
      this.#sent.delete(call);
    }
  }

  #newPool(): pg.Pool {
    const { connection, connections } = this.#config;
    const pool = new pg.Pool({ ...this.#options(connection), max: connections });
    // A connection that is lost while nothing uses it is replaced when it is needed.
    pool.on("error", () => {});
    return pool;
  }

  #options(connection: object): pg.ClientConfig {
    return {
      application_name: "beehive",
      keepAlive: true,
      connectionTimeoutMillis: connectMs,
      query_timeout: answerMs,
      stream: () => this.#socket(),
      ...connection,
    };
  }

  #socket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    return socket.once("close", () => this.#sockets.delete(socket));
  }
}

/** The server and the database, without secrets. */
function shownServer({ connection, pool }: PostgresConfig): string {
  const options = { ...connection, ...pool?.options } as Readonly<Record<string, unknown>>;
  const text = (name: string): string | undefined =>
    typeof options[name] === "string" || typeof options[name] === "number" ? String(options[name]) : undefined;
  const url = text("connectionString");
  if (url !== undefined && isCutInPassword(url)) return "a server whose URL has a password that is not URL-encoded";
  if (url !== undefined) return `"${safeText(url.replace(/\?.*$/, ""), 200)}"`;
  const { PGHOST, PGDATABASE } = process.env;
  const host = text("host") ?? PGHOST ?? "localhost";
  return `"${safeText(`${host}/${text("database") ?? PGDATABASE ?? ""}`, 200)}"`;
}
