import type { Pool } from "pg";

/** The server takes over what a connection has counted when a transaction ends, a second after the last time. */
const countedMs = 1_100;

/** Returns numbers that the server counts, once it has counted all. @param pool of the connection whose work is counted. */
export async function counted(pool: Pool, text: string, values: readonly unknown[]): Promise<readonly number[]> {
  let before: readonly number[] | undefined;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, countedMs));
    await pool.query("SELECT 1");
    const { rows } = await pool.query<unknown[]>({ text, values: [...values], rowMode: "array" });
    const now = rows.flat().map(Number);
    if (before?.every((one, index) => one === now[index])) return now;
    before = now;
  }
}
