/**
 * Live changes under load: sockets on one process, and changes a second, each shown to the users who may see it.
 *
 * `npm run bench:live -- --sockets 1000 --rate 100 --seconds 20 --groups 10 --provider memory:`; users of a group see
 * the changes of their group. Prints the CPU and memory of the server, and how long changes took.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { bodyOf, createHive, eventType } from "../src/index.ts";
import { live } from "../src/web/http/index.ts";

const { values } = parseArgs({
  options: {
    serve: { type: "boolean", default: false },
    sockets: { type: "string", default: "1000" },
    rate: { type: "string", default: "100" },
    seconds: { type: "string", default: "20" },
    groups: { type: "string", default: "10" },
    provider: { type: "string", default: "memory:" },
  },
});
const [sockets, rate, seconds, groups] = [values.sockets, values.rate, values.seconds, values.groups].map(Number) as [
  number,
  number,
  number,
  number,
];

interface Changed {
  readonly n: number;
  readonly group: number;
  readonly at: number;
  readonly text: string;
}

interface Spent {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly rssMb: number;
  readonly idleMb: number;
}

const Changed = eventType("Changed", bodyOf<Changed>(), { keep: "1h" });
const megabyte = 1_048_576;

if (values.serve) await serve();
else await load();

/** Serves sockets, and publishes at the rate when it is told to. */
async function serve(): Promise<void> {
  const hive = await createHive({ provider: values.provider, publishes: [Changed] });
  await hive.setup();
  const push = live(hive, {
    topics: [Changed],
    user: ({ url }) => ({ group: Number(new URL(url).searchParams.get("group")) }),
    may: ({ group }, { body }) => body.group === group,
  });
  const server = createServer().on("upgrade", push.upgrade).listen(0, "127.0.0.1");
  await once(server, "listening");
  process.send?.((server.address() as AddressInfo).port);
  await once(process, "message");
  const [cpu, from, idle] = [process.cpuUsage(), performance.now(), process.memoryUsage().rss];
  let rss = 0;
  for (let n = 0; n < rate * seconds; n++) {
    const waitMs = from + (n * 1_000) / rate - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const body = { n, group: n % groups, at: Date.now(), text: "a member of a company".repeat(10) };
    await hive.push(Changed.create(body, { partitionKey: `${n % 100}` }));
    if (n % rate === 0) rss = Math.max(rss, process.memoryUsage().rss);
  }
  const { user, system } = process.cpuUsage(cpu);
  const spent: Spent = {
    cpuMs: (user + system) / 1_000,
    wallMs: performance.now() - from,
    rssMb: rss / megabyte,
    idleMb: idle / megabyte,
  };
  process.send?.(spent);
  await once(process, "message");
  await push.close();
  server.close();
  await hive.stop();
  process.disconnect();
}

/** Opens the sockets, and checks that each gets the changes of its group, each once and in order. */
async function load(): Promise<void> {
  const child = fork(import.meta.filename, [...process.argv.slice(2), "--serve"], { execArgv: process.execArgv });
  const [port] = (await once(child, "message")) as [number];
  const took: number[] = [];
  const last = Array.from({ length: sockets }, () => -1);
  const counts = last.map(() => 0);
  let disordered = 0;
  const open = async (at: number): Promise<void> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/live?group=${at % groups}`);
    await once(socket, "open");
    socket.send(JSON.stringify({ subscribe: 1, to: "Changed" }));
    await new Promise<void>((resolve) =>
      socket.on("message", (data: Buffer) => {
        for (const line of data.toString("utf8").split("\n")) {
          if (line.includes('"load"')) resolve();
          if (!line.startsWith('{"on"')) continue;
          const { n, at: sentAt } = (JSON.parse(line) as { change: { body: Changed } }).change.body;
          took.push(Date.now() - sentAt);
          if (n <= (last[at] ?? -1)) disordered++;
          last[at] = n;
          counts[at] = (counts[at] ?? 0) + 1;
        }
      }),
    );
  };
  for (let at = 0; at < sockets; at += 50)
    await Promise.all(Array.from({ length: Math.min(50, sockets - at) }, (_, index) => open(at + index)));
  child.send("go");
  const [spent] = (await once(child, "message")) as [Spent];
  // Time for those that are behind.
  for (let tries = 0; tries < 300 && took.length < sockets * Math.floor((rate * seconds) / groups); tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  child.send("end");
  await once(child, "exit");
  const expected = Math.floor((rate * seconds) / groups);
  const missed = counts.filter((count) => count < expected).length;
  const seen = took.length;
  took.sort((a, b) => a - b);
  const part = (share: number): number => took[Math.floor(share * (took.length - 1))] ?? Number.NaN;
  console.log(`${sockets} sockets, ${rate} changes a second for ${seconds} s, ${groups} groups, ${values.provider}`);
  console.log(
    `shown: ${seen}, ${Math.round(seen / seconds)} a second; sockets that missed some: ${missed}; out of order or twice: ${disordered}`,
  );
  console.log(`from push to browser: median ${part(0.5)} ms, 99% ${part(0.99)} ms, longest ${part(1)} ms`);
  console.log(
    `server: ${(spent.cpuMs / 1_000).toFixed(1)} s of processor time in ${(spent.wallMs / 1_000).toFixed(1)} s, ${spent.rssMb.toFixed(0)} MB (${spent.idleMb.toFixed(0)} MB idle with its sockets)`,
  );
  if (missed + disordered > 0) process.exitCode = 1;
  // The sockets of this process are closed by the server.
  process.exit();
}
