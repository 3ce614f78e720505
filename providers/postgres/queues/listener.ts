import type pg from "pg";
import type { Clock, Timer } from "../../../src/base/clock.ts";
import type { Logger } from "../../../src/base/logger.ts";
import type { PostgresClient } from "../client.ts";
import { quoted } from "../database/migrate.ts";
import { translate } from "../errors.ts";

/** How long a notice to oneself may take, in ms. Through a pooler it does not come. */
const testMs = 2_000;
/** How often the connection is tried, in ms: a network may drop it without a word. */
const heartbeatMs = 10_000;
/** The first and longest pause before the connection is made anew, in ms. */
const pauseMs = { min: 100, max: 5_000 };

/** The parts of a listener. */
export interface ListenerParts {
  readonly client: PostgresClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with each notice. */
  readonly onNotice: (payload: string) => void;
  /** Called when notices may have been missed. */
  readonly onListening: () => void;
}

/**
 * The connection that listens for notices of other processes. It holds an advisory lock as long as this process lives,
 * so that others notice its death.
 */
export class Listener {
  readonly #parts: ListenerParts;
  readonly #isOff: boolean;
  #connection: pg.Client | undefined;
  #process: number | undefined;
  #listening = false;
  #started = false;
  #closed = false;
  #pauseMs = pauseMs.min;
  #timer: Timer | undefined;
  #onTest: ((payload: string) => boolean) | undefined;

  constructor(parts: ListenerParts, isOff: boolean) {
    this.#parts = parts;
    this.#isOff = isOff;
  }

  /** True while notices arrive. */
  get listening(): boolean {
    return this.#listening;
  }

  /** The number of this process, while others could tell that it died. */
  get process(): number | null {
    return this.#listening ? (this.#process ?? null) : null;
  }

  start(): void {
    if (this.#started || this.#isOff) return;
    this.#started = true;
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listening = false;
    this.#timer?.cancel();
    const connection = this.#connection;
    this.#connection = undefined;
    const own = this.#process;
    if (own !== undefined && connection)
      await this.#parts.client.query("DELETE FROM beehive.processes WHERE id = $1", [own]).catch(() => {});
    await connection?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    const { client, logger } = this.#parts;
    const connection = client.connect();
    this.#connection = connection;
    const lost = (): void => this.#lost(connection);
    connection.on("error", lost);
    connection.on("end", lost);
    connection.on("notification", ({ payload = "" }) => {
      if (this.#onTest?.(payload) !== true) this.#parts.onNotice(payload);
    });
    try {
      await client.ready();
      await connection.connect();
      await this.#register(connection);
      await connection.query(`LISTEN ${quoted(client.channel)}`);
      if (this.#closed) return;
      if (!(await this.#arrives())) {
        if (this.#closed || this.#connection !== connection) return;
        this.#connection = undefined;
        await connection.end().catch(() => {});
        logger.warn(
          { schema: client.schema },
          "notices of other processes do not arrive, as through a pooler: this process looks for events. " +
            "Set listen to a URL of the server itself, or to off",
        );
        return;
      }
      if (this.#closed || this.#connection !== connection) return;
      this.#listening = true;
      this.#pauseMs = pauseMs.min;
      this.#parts.onListening();
      this.#beat(connection);
    } catch (error) {
      if (!this.#closed)
        logger.debug?.({ err: translate(error, client.where) }, "the connection that listens was lost");
      lost();
    }
  }

  /** Takes the lock of this process, by which others see that it lives. */
  async #register(connection: pg.Client): Promise<void> {
    const { client } = this.#parts;
    const schema = quoted(client.schema);
    for (;;) {
      if (this.#process === undefined) {
        const { rows } = await connection.query<{ id: string }>(`SELECT nextval('${schema}.processes_id_seq') AS id`);
        this.#process = Number(rows[0]?.id);
      }
      const { rows } = await connection.query<{ held: boolean }>("SELECT pg_try_advisory_lock($1, $2) AS held", [
        client.lockKey,
        this.#process,
      ]);
      if (rows[0]?.held) break;
      // The server has not noticed the end of the connection before this one.
      this.#process = undefined;
    }
    await connection.query(
      `INSERT INTO ${schema}.processes (id) OVERRIDING SYSTEM VALUE VALUES ($1)
        ON CONFLICT (id) DO UPDATE SET missed = NULL`,
      [this.#process],
    );
  }

  /** Resolves with whether a notice that goes through another connection arrives. */
  async #arrives(): Promise<boolean> {
    const { client, clock } = this.#parts;
    const test = `test:${this.#process ?? ""}:${clock.now()}`;
    const arrived = new Promise<boolean>((resolve) => {
      this.#timer = clock.after(testMs, () => resolve(false));
      this.#onTest = (payload) => {
        if (payload !== test) return payload.startsWith("test:");
        this.#timer?.cancel();
        resolve(true);
        return true;
      };
    });
    await client.query("SELECT pg_notify($1, $2)", [client.channel, test]);
    return await arrived;
  }

  #beat(connection: pg.Client): void {
    this.#timer = this.#parts.clock.after(heartbeatMs, () => {
      connection.query("SELECT 1").then(
        () => {
          if (this.#connection === connection) this.#beat(connection);
        },
        () => this.#lost(connection),
      );
    });
  }

  #lost(connection: pg.Client): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#listening = false;
    this.#timer?.cancel();
    void connection.end().catch(() => {});
    if (this.#closed) return;
    this.#timer = this.#parts.clock.after(this.#pauseMs, () => void this.#connect());
    this.#pauseMs = Math.min(pauseMs.max, this.#pauseMs * 2);
  }
}
