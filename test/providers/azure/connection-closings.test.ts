import * as assert from "uvu/assert";
import { endClosings } from "../../../providers/azure/sdk/connection-closings.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: closings of a connection", { timeoutMs: 2_000 });

interface Link {
  close(): Promise<void>;
}

interface Session extends Link {
  createReceiver(): Promise<Link>;
}

/** Makes a connection whose sessions and links close by `close`. */
function scene(close: () => Promise<void>) {
  const listeners: (() => void)[] = [];
  const connection = {
    on: (_event: "disconnected", listener: () => void) => void listeners.push(listener),
    createSession: async (): Promise<Session> => ({ close, createReceiver: async () => ({ close }) }),
  };
  endClosings(connection);
  return { connection, disconnect: () => listeners.forEach((listener) => listener()) };
}

test("closings that fail resolve", async () => {
  const { connection } = scene(() => Promise.reject(new Error("nobody answered")));
  const session = await connection.createSession();
  const link = await session.createReceiver();
  await link.close();
  await session.close();
});

test("unanswered closings end when the connection breaks, not before", async () => {
  const { connection, disconnect } = scene(() => new Promise(() => {}));
  const session = await connection.createSession();
  const link = await session.createReceiver();
  let ended = 0;
  const closings = [session, link].map((one) => one.close().then(() => ended++));
  await new Promise(setImmediate);
  assert.is(ended, 0);
  disconnect();
  await Promise.all(closings);
});

test.run();
