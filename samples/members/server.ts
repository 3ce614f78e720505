/**
 * A page that shows the members of a company while they change: `npm run sample -- members-page`.
 *
 * Open it twice: as ada, who sees salaries and may raise them, and as bob, who sees none.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createHive } from "beehive-actors";
import { entityHandler } from "beehive-actors/entities";
import { changesOf, live, query, serve } from "beehive-actors/http";
import { build } from "esbuild";
import { seed, Staff, type Viewer } from "./staff.ts";

const { values } = parseArgs({
  options: {
    provider: { type: "string", default: process.env["BEEHIVE_PROVIDER"] || "memory:" },
    port: { type: "string", default: "8080" },
  },
});

const viewers: Readonly<Record<string, Viewer>> = {
  ada: { name: "ada", company: "acme", seesSalaries: true },
  bob: { name: "bob", company: "acme", seesSalaries: false },
};

/** Stands for a login: the cookie is the name. */
const viewerOf = ({ headers }: Request): Viewer | undefined =>
  viewers[/\bviewer=(\w+)/.exec(headers.get("cookie") ?? "")?.[1] ?? ""];

const hive = await createHive({ provider: values.provider, publishes: Staff.published });
await hive.setup();
await seed(hive);

export const push = live(hive, {
  ...changesOf(Staff),
  queries: {
    membersOf: query(
      Staff.events.MemberChanged,
      ["company"],
      ({ body }, { company }) => body.entity === null || body.entity.company === company,
    ),
  },
  user: viewerOf,
});

const staff = entityHandler(Staff, hive, { user: viewerOf, path: "/staff" });

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, "page.ts")],
  bundle: true,
  write: false,
  format: "esm",
  conditions: ["beehive-source"],
});

const pages = {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    const [, action, name = ""] = pathname.split("/");
    const viewer = viewers[name];
    if (action === "page.js")
      return new Response(outputFiles[0]?.text, { headers: { "content-type": "text/javascript" } });
    if (action === "as" && viewer) {
      const headers = { location: "/", "set-cookie": `viewer=${name}; Path=/; HttpOnly; SameSite=Lax` };
      return new Response(null, { status: 303, headers });
    }
    if (action === "leave" && viewer && request.method === "POST" && viewerOf(request)?.seesSalaries) {
      viewer.company = undefined;
      return new Response(null, { status: 204 });
    }
    return new Response(html(viewerOf(request)), { headers: { "content-type": "text/html; charset=utf-8" } });
  },
};

const html = (viewer: Viewer | undefined): string => `<!doctype html>
<title>Members</title>
<h1>Members of Acme</h1>
<p>${viewer ? `You are ${viewer.name}.` : "Who are you?"} <a href="/as/ada">ada</a> <a href="/as/bob">bob</a></p>
<p id="state"></p>
<ul id="members"></ul>
<ol id="log"></ol>
${viewer ? '<script type="module" src="/page.js"></script>' : ""}
`;

const apps = { "/staff": staff, "/changes": push, "/": pages };
const server = await serve({ hive, port: Number(values.port), apps });
console.log(`http://localhost:${server.port}/as/ada and http://localhost:${server.port}/as/bob, in two browsers`);
process.send?.(server.port);

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());

async function stop(): Promise<void> {
  await push.close();
  await server.close();
  await hive.stop();
}
