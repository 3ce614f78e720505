import fc from "fast-check";
import { PostgresProvider } from "../../providers/postgres/index.ts";
import { noPostgres, postgresSchema } from "../support/postgres-server.ts";
import { Comparison, program } from "../support/queue-model.ts";
import { suite } from "../support/suite.ts";

/** `QUEUE_PROGRAMS=1000 npm test -- property/queue-operator-postgres` for more than a usual run has time for. */
const programs = Number(process.env["QUEUE_PROGRAMS"] ?? 100);
const test = suite("any program of a queue on postgres", {
  timeoutMs: Math.max(120_000, programs * 3_000),
  skip: noPostgres,
});

test(`${programs} programs do what the model does, with two consumers and no time`, async () => {
  const schema = postgresSchema();
  const [one, other] = [new PostgresProvider({ url: schema.url }), new PostgresProvider({ url: schema.url })];
  let topics = 0;
  try {
    await fc.assert(
      fc.asyncProperty(program, (ops) =>
        new Comparison(`Topic${++topics}`, [one.queues, other.queues], undefined).run(ops),
      ),
      { numRuns: programs },
    );
  } finally {
    await Promise.all([one.close(), other.close()]);
    await schema.drop();
  }
});

test.run();
