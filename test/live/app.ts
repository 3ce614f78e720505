/** A server with a page of members, for the test in a browser. `app.ts PORT DATABASE`; tells when it listens. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { createHive } from "beehive-actors";
import { nodeListener } from "beehive-actors/http";
import { live } from "beehive-actors/http";
import { build } from "esbuild";
import { MemberChanged, Members, type Member } from "./member.ts";

const [port = "0", database = ""] = process.argv.slice(2);
const hive = await createHive({ provider: `sqlite:${database}`, publishes: [MemberChanged] });
await hive.setup();
const members = hive.store(Members);

interface User {
  readonly name: string;
}

const outsiders = new Set<string>();
const userOf = (cookies = ""): User | undefined => {
  const name = /\buser=(\w+)/.exec(cookies)?.[1];
  return name === undefined ? undefined : { name };
};
const masked = (user: User, member: Member): Partial<Member> =>
  user.name === "ada" ? member : { ...member, salary: undefined as never };

export const push = live(hive, {
  topics: [MemberChanged],
  user: ({ headers }) => userOf(headers.get("cookie") ?? ""),
  may: ({ name }) => !outsiders.has(name),
  mask: (user, { body }) => masked(user, body),
});

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, "page.ts")],
  bundle: true,
  write: false,
  format: "esm",
  conditions: ["beehive-source"],
});
const script = outputFiles[0]?.text ?? "";
const page = `<!doctype html><title>members</title><ul id="members"></ul><script type="module" src="/page.js"></script>`;

async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://localhost");
  const user = userOf(incoming.headers.cookie);
  if (pathname === "/page.js") return void outgoing.writeHead(200, { "content-type": "text/javascript" }).end(script);
  if (pathname === "/members" && incoming.method === "POST" && user) {
    const member = (await json(incoming)) as Member;
    await members.upsert(member);
    await hive.push(MemberChanged.create(member, { partitionKey: member.id }));
    return void outgoing.writeHead(202).end();
  }
  if (pathname === "/members" && user) {
    const found: object[] = [];
    for await (const { etag: _, ...member } of members.all()) found.push(masked(user, member));
    return void outgoing.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
  }
  if (pathname === "/outsiders") {
    outsiders.add(searchParams.get("user") ?? "");
    return void outgoing.writeHead(204).end();
  }
  outgoing.writeHead(200, { "content-type": "text/html" }).end(page);
}

const listener = nodeListener(push);
const server = createServer((incoming, outgoing) => {
  if (incoming.url === "/live") return listener(incoming, outgoing);
  answer(incoming, outgoing).catch(() => outgoing.writeHead(500).end());
});
server.on("upgrade", push.upgrade);
server.listen(Number(port), "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
