/**
 * A page that shows the members of a company while they change: `npm run sample -- members-page`.
 *
 * Open it twice: as hedy, who sees salaries and may raise them, and as ada, who sees none.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { changesOf, live, query, type WebHandler } from "beehive-actors/http";
import type { Hive } from "beehive-actors";
import { build } from "esbuild";
import { Directory, type User } from "./entities.ts";
import { serveMembers } from "./service.ts";

const { values } = parseArgs({
  options: {
    provider: { type: "string", default: process.env["BEEHIVE_PROVIDER"] || "memory:" },
    port: { type: "string", default: "8080" },
  },
});

const users = new Map<string, User>([
  ["hedy", { name: "hedy", company: "acme", isHr: true }],
  ["ada", { name: "ada", company: "acme", isHr: false }],
]);
/** Those who left, and see nothing more of their company. */
const left = new Set<string>();

/** Stands for a login: the cookie is the name. */
const userOf = ({ headers }: Request): User | undefined =>
  users.get(/\buser=(\w+)/.exec(headers.get("cookie") ?? "")?.[1] ?? "");

/** Pushes the members of a company, as far as `read` of the directory lets a user see them. */
const pushOf = (hive: Hive) => {
  const { topics, may, mask } = changesOf(Directory);
  return live(hive, {
    topics,
    queries: {
      membersOf: query(
        Directory.events.MemberChanged,
        ["company"],
        ({ body }, { company }) => body.entity === null || body.entity.company === company,
      ),
    },
    user: userOf,
    may: (user, change) => !left.has(user.name) && may(user, change),
    mask,
  });
};

/** The changes that the page can subscribe to. */
export type Push = ReturnType<typeof pushOf>;

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, "page.ts")],
  bundle: true,
  write: false,
  format: "esm",
  conditions: ["beehive-source"],
});

const html = (user: User | undefined): string => `<!doctype html>
<title>Members</title>
<h1>Members of Acme</h1>
<p>${user ? `You are ${user.name}.` : "Who are you?"} <a href="/as/hedy">hedy</a> <a href="/as/ada">ada</a></p>
<p id="state"></p>
<ul id="members"></ul>
<ol id="log"></ol>
${user ? '<script type="module" src="/page.js"></script>' : ""}
`;

const pages: WebHandler = {
  fetch(request) {
    const [, action, name = ""] = new URL(request.url).pathname.split("/");
    const user = userOf(request);
    if (action === "page.js")
      return new Response(outputFiles[0]?.text, { headers: { "content-type": "text/javascript" } });
    if (action === "as" && users.has(name)) {
      const headers = { location: "/", "set-cookie": `user=${name}; Path=/; HttpOnly; SameSite=Strict` };
      return new Response(null, { status: 303, headers });
    }
    if (action === "leave" && request.method === "POST" && user?.isHr) {
      left.add(name);
      return new Response(null, { status: 204 });
    }
    return new Response(html(user), { headers: { "content-type": "text/html; charset=utf-8" } });
  },
};

let push: Push | undefined;
const service = await serveMembers({
  provider: values.provider,
  port: Number(values.port),
  userOf,
  apps: (hive) => ({ "/changes": (push = pushOf(hive)), "/": pages }),
});
const directory = service.hive.store(Directory.token);
if (!(await directory.Company.find("acme")))
  await directory.createGraph([
    { type: "Company", as: "acme", create: { id: "acme", name: "Acme" } },
    { type: "Member", create: { id: "hedy", company: "#acme", name: "Hedy Lamarr", salary: 90 } },
    { type: "Member", create: { id: "ada", company: "#acme", name: "Ada Lovelace", salary: 80, boss: "hedy" } },
  ]);
console.log(`http://127.0.0.1:${service.port}/as/hedy and /as/ada, in two browsers`);
process.send?.(service.port);

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());

async function stop(): Promise<void> {
  await push?.close();
  await service.close();
}
