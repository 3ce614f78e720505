import { createHive, openProvider, silentLogger, type Hive, type Provider } from "beehive-actors";
import { dashboard, type Dashboard } from "beehive-actors/dashboard";
import * as assert from "uvu/assert";
import { randomNumbers } from "../../samples/prismo/chance.ts";
import { loopbackOnly, withPassword } from "../../src/web/dashboard/access.ts";
import { suite } from "../support/suite.ts";

const test = suite("the dashboard among strangers", { timeoutMs: 60_000 });

const own = { "content-type": "application/json", "x-beehive-dashboard": "1", "sec-fetch-site": "same-origin" };
const base = "http://localhost:4000";

let provider: Provider;
let hive: Hive;
test.before(async () => {
  provider = await openProvider("memory:");
  hive = await createHive({ provider, publishes: ["Orders"], logger: silentLogger });
  await hive.setup();
});
test.after(async () => {
  await hive.stop();
  await provider.close();
});

const open = (): Dashboard =>
  dashboard(hive, { authorize: () => ({ name: "ada", bodies: true }), logger: silentLogger });

function call(ops: Dashboard, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Response> {
  const sent =
    body === undefined ? {} : { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) };
  return ops.fetch(new Request(new URL(path, base), { headers, ...sent }));
}

test("every path asks who sends the request", async () => {
  const asked: string[] = [];
  const ops = dashboard(hive, {
    authorize: ({ url }) => void asked.push(new URL(url).pathname),
    logger: silentLogger,
  });
  const paths = ["/", "/-/page.js", "/-/me", "/-/live", "/-/letters", "/-/do/send", "/ops/-/acts", "/-/nothing"];
  for (const path of paths) {
    const response = await call(ops, path, own, path.includes("do/") ? {} : undefined);
    assert.is(response.status, 403, path);
  }
  assert.equal(asked, paths);
});

test("the password opens it by Basic and by Bearer, a wrong one does not", async () => {
  const ops = dashboard(hive, { authorize: withPassword("correct horse battery"), logger: silentLogger });
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  const statuses = async (headers: Record<string, string>) => (await call(ops, "/-/me", headers)).status;
  assert.is(await statuses({}), 401);
  assert.is(await statuses(basic("ada:wrong")), 401);
  assert.is(await statuses(basic("ada:")), 401);
  assert.is(await statuses({ authorization: "Bearer correct horse" }), 401);
  assert.is(await statuses({ authorization: "Basic %%%" }), 401);
  assert.is(await statuses(basic("ada:correct horse battery")), 200);
  assert.match((await call(ops, "/")).headers.get("www-authenticate") ?? "", /^Basic /);
  const { user } = (await (await call(ops, "/-/me", basic("ada:correct horse battery"))).json()) as { user: string };
  assert.is(user, "ada");
});

test("a dashboard of this machine refuses a foreign host name", async () => {
  const ops = dashboard(hive, { authorize: loopbackOnly("ada"), logger: silentLogger });
  for (const host of ["localhost:4000", "127.0.0.1:4000", "[::1]:4000"])
    assert.is((await ops.fetch(new Request(`http://${host}/-/me`))).status, 200, host);
  for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example"])
    assert.is((await ops.fetch(new Request(`http://${host}/-/me`))).status, 403, host);
});

test("only the page itself may act, in a browser of an operator", async () => {
  const event = { type: "Orders", body: "{}" };
  const status = async (headers: Record<string, string>) => (await call(open(), "/-/do/send", headers, event)).status;
  const { "sec-fetch-site": _site, ...unsure } = own;
  assert.is(await status(own), 200);
  assert.is(await status({ ...unsure, origin: base, host: "localhost:4000" }), 200);
  assert.is(await status({ ...own, "sec-fetch-site": "cross-site" }), 403);
  assert.is(await status({ ...own, "sec-fetch-site": "same-site" }), 403);
  assert.is(await status({ ...unsure, origin: "https://evil.example" }), 403);
  assert.is(await status({ ...unsure, origin: "null" }), 403);
  assert.is(await status(unsure), 403);
  assert.is(await status({ "content-type": "text/plain", "sec-fetch-site": "same-origin" }), 403);
});

test("who may only look cannot act, and sees no body unless allowed", async () => {
  const act = (ops: Dashboard) => call(ops, "/-/do/send", own, { type: "Orders", body: "{}" });
  const readOnly = dashboard(hive, { authorize: () => ({ name: "ada" }), readOnly: true, logger: silentLogger });
  const looking = dashboard(hive, { authorize: () => ({ name: "bob", act: false }), logger: silentLogger });
  assert.is((await act(readOnly)).status, 403);
  assert.is((await act(looking)).status, 403);
  const { seesBodies } = (await (await call(readOnly, "/-/me")).json()) as { seesBodies: boolean };
  assert.is(seesBodies, false);
});

test("only a right that is true, or resolves to it, allows", async () => {
  const statuses = async (right: () => unknown) => {
    const authorize = () => ({ name: "ada", act: right() as boolean, bodies: right() as boolean });
    const ops = dashboard(hive, { authorize, logger: silentLogger });
    const acted = await call(ops, "/-/do/send", own, { type: "Orders", body: "{}" });
    return [acted.status, (await call(ops, "/-/export?queue=Orders&group=a", own)).status];
  };
  const rejected = async () => await Promise.reject(new Error("no rights"));
  // There is no letter to export.
  for (const right of [() => true, async () => true]) assert.equal(await statuses(right), [200, 404]);
  for (const right of [() => null, () => "yes", async () => false, async () => null])
    assert.equal(await statuses(right), [403, 403]);
  assert.equal(await statuses(rejected), [500, 500]);
});

test("the page allows scripts of its own server alone, and no frame", async () => {
  const { headers } = await call(open(), "/");
  const policy = headers.get("content-security-policy") ?? "";
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ])
    assert.ok(policy.includes(rule), rule);
  assert.not.match(policy, /unsafe|\*|data:|https?:/);
  assert.is(headers.get("x-content-type-options"), "nosniff");
});

test("a path cannot put a script or another host into the page", async () => {
  const tricks = [
    '/"><script>alert(1)</script>',
    "/javascript:alert(1)",
    "//evil.example/x",
    "/ops/%2e%2e/%2e%2e/etc/passwd",
    "/%22%3E%3Cscript%3E",
    "/x/..%2f..%2f-/page.js%00",
    "/a\\b",
  ];
  for (const trick of tricks) {
    const response = await open().fetch(new Request(`${base}${trick}`));
    const text = await response.text();
    assert.is(response.status < 500, true, trick);
    assert.not.match(text, /<script>|="javascript:|="\/\/|root:/, trick);
  }
});

test("10,000 mutated requests end neither in a crash nor with a stack", async () => {
  const random = randomNumbers(42);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const names =
    "me live drawing queue letters letter trace event topics kept acts types do/send do/drop do/pause do/resume do/set do/requeue do/nothing page.js".split(
      " ",
    );
  const values = [
    "",
    "Orders",
    "Orders-",
    "A-B",
    "-1",
    "1e999",
    "__proto__",
    "constructor",
    "\u0000",
    "'\"<>",
    "%",
    "🐝",
    "x".repeat(3_000),
    "../..",
    "null",
    "{}",
  ];
  const keys = [
    "name",
    "queue",
    "id",
    "destination",
    "time",
    "topic",
    "before",
    "key",
    "group",
    "limit",
    "type",
    "body",
    "reason",
    "forMs",
    "pulser",
    "parallelism",
    "__proto__",
  ];
  const things = [null, 1, -1, 1.5, true, [], {}, "x", Number.MAX_VALUE, { __proto__: 1 }];
  const ops = open();
  for (let number = 0; number < 10_000; number++) {
    const query = new URLSearchParams(
      Array.from({ length: Math.floor(random() * 4) }, (): [string, string] => [pick(keys), pick(values)]),
    );
    const fields = Object.fromEntries(
      Array.from({ length: Math.floor(random() * 5) }, () => [pick(keys), pick([...values, ...things])]),
    );
    const name = pick(names);
    const body = pick([
      JSON.stringify(fields),
      JSON.stringify(pick(things)),
      "{",
      "",
      "\u0000\u0001",
      "[".repeat(5_000),
    ]);
    const isPost = name.startsWith("do/") ? random() < 0.9 : random() < 0.1;
    const method = isPost ? "POST" : pick(["GET", "GET", "GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);
    const aborted = new AbortController();
    const request = new Request(`${base}${pick(["", "/ops", "/a/-/b"])}/-/${name}?${query.toString()}`, {
      method,
      headers: random() < 0.9 ? own : {},
      signal: aborted.signal,
      ...(isPost ? { body } : {}),
    });
    const response = await ops.fetch(request);
    if (name === "live" && response.ok) {
      await response.body?.cancel();
      continue;
    }
    const text = await response.text();
    assert.ok(response.status < 500, `${method} ${request.url} ${body}: ${response.status} ${text}`);
    if (name !== "page.js") assert.not.match(text, /\n\s+at |node_modules|\.ts:\d/, request.url);
  }
});

test("an unknown failure shows no text of the error, and is logged", async () => {
  const logged: unknown[] = [];
  const broken = new Proxy(provider, {
    get: (target, name) => {
      if (name === "queues") throw new Error("secret of the machine");
      return Reflect.get(target, name) as unknown;
    },
  });
  const ops = dashboard(broken, {
    authorize: () => ({ name: "ada" }),
    logger: { ...silentLogger, error: (fields) => void logged.push(fields) },
  });
  const response = await call(ops, "/-/topics");
  assert.is(response.status, 500);
  assert.not.match(await response.text(), /secret/);
  assert.is(logged.length, 1);
});

test("a dashboard without authorize, or with a wrong option, is not made", () => {
  assert.throws(() => dashboard(hive, {} as never), /dashboard needs authorize/);
  assert.throws(
    () => dashboard(hive, { authorize: () => undefined, readonly: true } as never),
    /"readonly" is no option/,
  );
});

test.run();
