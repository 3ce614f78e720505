import type { Transaction } from "../../src/contract/transaction.ts";

/*
 * Makes a transaction to publish in from one of other libraries. Their types are told by shape, so that none of them is a
 * dependency: `never` stands for parameters that only the library can name.
 */

/** A statement with rows, in the shapes of the libraries: rows alone, or beside other facts. */
type Result = readonly unknown[] | { readonly rows: readonly unknown[] };

/**
 * Publishes in a transaction of Kysely.
 *
 * @example
 * await db.transaction().execute(async (trx) => {
 *   await trx.insertInto("orders").values(order).execute();
 *   await hive.push(OrderAccepted.create(order), { within: fromKysely(trx) });
 * });
 */
export function fromKysely(trx: { executeQuery(query: never): PromiseLike<unknown> }): Transaction {
  return {
    async query(sql, parameters) {
      // The shape that CompiledQuery.raw makes.
      const query = { kind: "RawNode", sqlFragments: [sql], parameters: [] };
      const compiled = { sql, parameters, query, queryId: { queryId: "beehive" } };
      return rowsOf(await trx.executeQuery(compiled as never));
    },
  };
}

/**
 * Publishes in a transaction of Knex.
 *
 * @example
 * await knex.transaction(async (trx) => {
 *   await trx("orders").insert(order);
 *   await hive.push(OrderAccepted.create(order), { within: fromKnex(trx) });
 * });
 */
export function fromKnex(trx: { raw(sql: string, bindings: never): PromiseLike<unknown> }): Transaction {
  return {
    async query(text, values) {
      const { parts, order } = placeholders(text);
      const bindings = order.map((index) => values[index]);
      return rowsOf(await trx.raw(parts.map((part) => part.replaceAll("?", "\\?")).join("?"), bindings as never));
    },
  };
}

/**
 * Publishes in a transaction of Drizzle.
 *
 * @param sql The tag `sql` of `drizzle-orm`.
 * @example
 * await db.transaction(async (tx) => {
 *   await tx.insert(orders).values(order);
 *   await hive.push(OrderAccepted.create(order), { within: fromDrizzle(tx, sql) });
 * });
 */
export function fromDrizzle(
  tx: { execute(query: never): PromiseLike<unknown> },
  sql: { (strings: TemplateStringsArray, ...values: never[]): unknown; param(value: never): unknown },
): Transaction {
  return {
    async query(text, values) {
      const { parts, order } = placeholders(text);
      const strings = Object.assign(parts, { raw: parts });
      const bound = order.map((index) => sql.param(values[index] as never));
      return rowsOf(await tx.execute(sql(strings, ...(bound as never[])) as never));
    },
  };
}

/**
 * Publishes in an interactive transaction of Prisma.
 *
 * @example
 * await prisma.$transaction(async (tx) => {
 *   await tx.order.create({ data: order });
 *   await hive.push(OrderAccepted.create(order), { within: fromPrisma(tx) });
 * });
 */
export function fromPrisma(tx: {
  $queryRawUnsafe(query: string, ...values: never[]): PromiseLike<unknown>;
}): Transaction {
  return {
    query: async (text, values) => rowsOf(await tx.$queryRawUnsafe(text, ...(values as never[]))),
  };
}

function rowsOf(result: unknown): { readonly rows: readonly unknown[] } {
  const known = result as Result;
  return "rows" in known ? known : { rows: known };
}

/** Splits a statement at its placeholders; `order` has the index of the value of each. */
function placeholders(text: string): { readonly parts: string[]; readonly order: readonly number[] } {
  const pieces = text.split(/\$(\d+)/);
  return {
    parts: pieces.filter((_, index) => index % 2 === 0),
    order: pieces.filter((_, index) => index % 2 === 1).map((number) => Number(number) - 1),
  };
}
