/** Transactions of the libraries that applications use, on a table `orders` of theirs. */
import { PrismaPg } from "@prisma/adapter-pg";
import { getPrismaClient, type GetPrismaClientConfig, type Types } from "@prisma/client/runtime/client";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import knex from "knex";
import { CamelCasePlugin, Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { fromDrizzle, fromKnex, fromKysely, fromPrisma } from "../../providers/postgres/adapters.ts";
import type { Transaction } from "../../src/contract/transaction.ts";

export interface Library {
  /** Inserts an order and runs `work` in one transaction; rolls back when `work` rejects, with its error. */
  order(id: string, work: (within: Transaction) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Opens each library on a database, which needs a table `orders (id text)`. */
export const libraries: Readonly<Record<string, (url: string) => Library>> = {
  pg: withPg,
  kysely: withKysely,
  knex: withKnex,
  drizzle: withDrizzle,
  prisma: withPrisma,
};

function withPg(url: string): Library {
  const pool = new pg.Pool({ connectionString: url });
  return {
    async order(id, work) {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        await client.query("INSERT INTO orders VALUES ($1)", [id]);
        await work(client);
        await client.query("COMMIT");
      } catch (error) {
        await client.query("ROLLBACK");
        throw error;
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

interface Tables {
  orders: { id: string };
}

function withKysely(url: string): Library {
  const dialect = new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) });
  const db = new Kysely<Tables>({ dialect, plugins: [new CamelCasePlugin()] });
  return {
    order: (id, work) =>
      db.transaction().execute(async (trx) => {
        await trx.insertInto("orders").values({ id }).execute();
        await work(fromKysely(trx));
      }),
    close: () => db.destroy(),
  };
}

function withKnex(url: string): Library {
  const db = knex({ client: "pg", connection: url });
  return {
    order: (id, work) =>
      db.transaction(async (trx) => {
        await trx("orders").insert({ id });
        await work(fromKnex(trx));
      }),
    close: () => db.destroy(),
  };
}

function withDrizzle(url: string): Library {
  const pool = new pg.Pool({ connectionString: url });
  const db = drizzle({ client: pool });
  return {
    order: (id, work) =>
      db.transaction(async (tx) => {
        await tx.execute(sql`INSERT INTO orders VALUES (${id})`);
        await work(fromDrizzle(tx, sql));
      }),
    close: () => pool.end(),
  };
}

/** The output of `prisma generate` for a schema without models. It downloads an engine, so that it does not run here. */
const prismaConfig: GetPrismaClientConfig = {
  previewFeatures: [],
  clientVersion: "7.10.0",
  engineVersion: "0edf323efd1d98336f3f0a68684b56f689b900d3",
  activeProvider: "postgresql",
  inlineSchema: 'datasource db {\n  provider = "postgresql"\n}\n',
  runtimeDataModel: { models: {}, enums: {}, types: {} },
  parameterizationSchema: { strings: [], graph: "AAAAAAAAAAAAAAAA" },
  compilerWasm: {
    getRuntime: () => import("@prisma/client/runtime/query_compiler_fast_bg.postgresql.mjs"),
    async getQueryCompilerWasmModule() {
      const { wasm } = await import("@prisma/client/runtime/query_compiler_fast_bg.postgresql.wasm-base64.mjs");
      return new WebAssembly.Module(Buffer.from(wasm, "base64"));
    },
    importName: "./query_compiler_fast_bg.js",
  },
};

/** The part of a generated client that is used here, as it declares it. */
interface PrismaClient {
  $transaction<R>(run: (tx: Omit<PrismaClient, "$transaction" | "$disconnect">) => Promise<R>): Promise<R>;
  $executeRaw(query: TemplateStringsArray, ...values: unknown[]): Types.Public.PrismaPromise<number>;
  $queryRawUnsafe<T = unknown>(query: string, ...values: unknown[]): Types.Public.PrismaPromise<T>;
  $disconnect(): Types.Utils.JsPromise<void>;
}

function withPrisma(url: string): Library {
  const Client = getPrismaClient(prismaConfig) as new (options: object) => PrismaClient;
  const prisma = new Client({ adapter: new PrismaPg({ connectionString: url }) });
  return {
    order: (id, work) =>
      prisma.$transaction(async (tx) => {
        await tx.$executeRaw`INSERT INTO orders VALUES (${id})`;
        await work(fromPrisma(tx));
      }),
    close: () => prisma.$disconnect(),
  };
}
