/** A pool that loses the answers of the server: the statement was done, and its caller sees a lost connection. */
import pg from "pg";
import type { PostgresPool } from "../../providers/postgres/config.ts";
import { postgresUrl } from "./postgres-server.ts";

export interface LosingPool extends PostgresPool {
  /** Loses the answer to the next statement that has the text. */
  loseNext(text: string): void;
  readonly lost: number;
  /** The statements, in order. */
  readonly statements: readonly string[];
}

export function losingPool(): LosingPool {
  const pool = new pg.Pool({ connectionString: postgresUrl });
  let losing: string | undefined;
  let lost = 0;
  const statements: string[] = [];
  return {
    options: { connectionString: postgresUrl },
    async query(config: pg.QueryConfig) {
      statements.push(config.text);
      const answer = await pool.query(config);
      if (losing === undefined || !config.text.includes(losing)) return answer;
      losing = undefined;
      lost++;
      throw new Error("Connection terminated unexpectedly");
    },
    end: () => pool.end(),
    loseNext(text) {
      losing = text;
    },
    get lost() {
      return lost;
    },
    statements,
  };
}
