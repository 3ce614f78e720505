/** Bodies and items of bytes on their way to the server. */
import { Socket } from "node:net";
import pg from "pg";
import * as assert from "uvu/assert";
import { PostgresProvider } from "../../../providers/postgres/index.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { noPostgres, postgresSchema, postgresUrl } from "../../support/postgres-server.ts";
import { suite } from "../../support/suite.ts";

const test = suite("postgres: bytes", { skip: noPostgres });

const schema = postgresSchema();
const sockets: Socket[] = [];
const stream = (): Socket => {
  const socket = new Socket();
  sockets.push(socket);
  return socket;
};
const pool = new pg.Pool({ connectionString: postgresUrl, stream });
const provider = new PostgresProvider({ pool, schema: schema.name, listen: "off" });
const { queues } = provider;
const name = QueueName.parse("Bytes");
const size = 250_000;

test.before(() => queues.ensure([{ name, ordered: false, leaseMs: 60_000, maxAttempts: 3 }]));
test.after(async () => {
  await provider.close();
  await pool.end();
  await schema.drop();
});

/** Returns the bytes that `work` sends to the server. */
async function sentBy(work: () => Promise<unknown>): Promise<number> {
  const sent = (): number => sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  const before = sent();
  await work();
  return sent() - before;
}

const bytes = (byte: number): Uint8Array => new Uint8Array(size).fill(byte);
const event = (body: unknown): Event => new Event("Bytes", body, { queueName: "Bytes" });

test("a blob is sent as its bytes", async () => {
  const sent = await sentBy(() => provider.stores.keyValue("Files").upsert("a", bytes(200)));
  assert.ok(sent < 1.02 * size, `${sent} bytes sent`);
});

test("bodies of bytes are sent as they are, beside texts", async () => {
  const events = [event(bytes(1)), event("text"), event(bytes(2)), event(new Uint8Array())];
  const sent = await sentBy(() => queues.push(events));
  assert.ok(sent < 2.02 * size, `${sent} bytes sent`);
  const { signal } = new AbortController();
  const leases = await queues.lease(name, { max: 10, leaseMs: 60_000, waitMs: 0, signal });
  assert.equal(
    leases.map((lease) => lease.event.body),
    [bytes(1), '"text"', bytes(2), new Uint8Array()],
  );
});

test.run();
