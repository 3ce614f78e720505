/** A pool that loses the answers of the server: the statement was done, and its caller sees a lost connection. */
import pg from "pg";
import { Latch } from "../../src/base/latch.ts";
import type { PostgresPool } from "../../providers/postgres/config.ts";
import { postgresUrl } from "./postgres-server.ts";

export interface LosingPool extends PostgresPool {
  /** Loses the answer to the next statement that has the text. */
  loseNext(text: string): void;
  /** Holds the answer to the next statement that has the text, until the returned function is called. */
  holdNext(text: string): () => void;
  readonly lost: number;
  /** The statements, in order. */
  readonly statements: readonly string[];
  /** The statements that were answered, in the order of their answers. */
  readonly answered: readonly string[];
}

export function losingPool(): LosingPool {
  const pool = new pg.Pool({ connectionString: postgresUrl });
  let losing: string | undefined;
  let holding: { readonly text: string; readonly over: Promise<void> } | undefined;
  let lost = 0;
  const statements: string[] = [];
  const answered: string[] = [];
  return {
    options: { connectionString: postgresUrl },
    async query(config: pg.QueryConfig) {
      statements.push(config.text);
      const held = holding !== undefined && config.text.includes(holding.text) ? holding.over : undefined;
      if (held) holding = undefined;
      const answer = await pool.query(config);
      await held;
      answered.push(config.text);
      if (losing === undefined || !config.text.includes(losing)) return answer;
      losing = undefined;
      lost++;
      throw new Error("Connection terminated unexpectedly");
    },
    end: () => pool.end(),
    loseNext(text) {
      losing = text;
    },
    holdNext(text) {
      const latch = new Latch<void>();
      holding = { text, over: latch.promise };
      return () => latch.resolve();
    },
    get lost() {
      return lost;
    },
    statements,
    answered,
  };
}
