import * as assert from "uvu/assert";
import { silentLogger } from "../../../src/base/logger.ts";
import { entityHandler } from "../../../src/entities/index.ts";
import { Staff, StaffHive, type User } from "../../support/staff.ts";
import { suite } from "../../support/suite.ts";

const test = suite("entities over HTTP");

const hr: User = { name: "hr", company: "acme", isHr: true };
const users: Readonly<Record<string, User>> = { hr, bob: { name: "bob", company: "acme" } };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- tests look into answers
}

type Send = (line: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>;

/** Serves entities, and calls `use` with a function that sends `PATCH /Member/ada` and so on, as the user hr. */
async function served(use: (send: Send, given: StaffHive, errors: unknown[]) => Promise<void>): Promise<void> {
  await using given = await StaffHive.start();
  const errors: unknown[] = [];
  const handler = entityHandler(Staff, given.hive, {
    path: "/api",
    maxBytes: 2_000,
    user: (request) => users[request.headers.get("authorization") ?? ""],
    logger: { ...silentLogger, error: (fields) => void errors.push((fields as { err: unknown }).err) },
  });
  const send: Send = async (line, body, headers = {}) => {
    const [method = "", path = ""] = line.split(" ");
    const response = await handler.fetch(
      new Request(`http://localhost/api${path}`, {
        method,
        headers: {
          authorization: "hr",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    );
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
  };
  await send("POST /Company", { id: "acme", name: "Acme" });
  await use(send, given, errors);
}

test("an entity is created, read, changed and deleted", async () => {
  await served(async (send, given) => {
    const created = await send("POST /Member", { id: "ada l", company: "acme", name: "Ada" });
    assert.equal([created.status, created.headers.get("etag")], [201, '"1"']);
    assert.is(created.headers.get("location"), "/api/Member/ada%20l");
    const patched = await send(
      "PATCH /Member/ada%20l",
      { salary: 3 },
      { "content-type": "application/merge-patch+json" },
    );
    assert.equal([patched.status, patched.body.salary, patched.headers.get("etag")], [200, 3, '"2"']);
    const put = await send("PUT /Member/ada%20l", { company: "acme", name: "A" });
    assert.equal(put.body, { company: "acme", name: "A", id: "ada l", version: 3 });
    assert.equal((await send("GET /Member/ada%20l")).body, put.body);
    assert.is((await send("DELETE /Member/ada%20l")).status, 204);
    assert.is((await send("GET /Member/ada%20l")).status, 404);
    assert.ok((await given.changes()).includes("ada l deleted 4 by hr"));
  });
});

test("an unchanged entity is 304", async () => {
  await served(async (send) => {
    const fresh = await send("GET /Company/acme", undefined, { "if-none-match": '"0", W/"1"' });
    assert.equal([fresh.status, fresh.body, fresh.headers.get("etag")], [304, undefined, '"1"']);
    assert.is((await send("GET /Company/acme", undefined, { "if-none-match": '"2"' })).status, 200);
    assert.is((await send("HEAD /Company/acme")).status, 200);
  });
});

test("a write over another version is 412", async () => {
  await served(async (send) => {
    const name = { name: "A" };
    const status = async (line: string, headers: Record<string, string>, body: object | undefined = name) =>
      (await send(line, body, headers)).status;
    assert.is(await status("PATCH /Company/acme", { "if-match": '"7"' }), 412);
    assert.is(await status("PUT /Company/acme", { "if-match": '"7"' }), 412);
    assert.is(await status("PUT /Company/new", { "if-match": "*" }), 412);
    assert.is(await status("PUT /Company/acme", { "if-none-match": "*" }), 412);
    assert.is((await send("DELETE /Company/acme", undefined, { "if-match": '"7"' })).status, 412);
    assert.is(await status("PUT /Company/new", { "if-none-match": "*" }), 201);
    assert.is(await status("PATCH /Company/acme", { "if-match": '"1"' }), 200);
    assert.is(await status("PATCH /Company/acme", { "if-match": "1" }), 400);
    assert.is(await status("PATCH /Company/acme", { "if-none-match": '"1"' }), 400);
  });
});

test("a put that creates is 201, and one that replaces is 200", async () => {
  await served(async (send) => {
    const put = async (name: string, headers = {}) => {
      const { status, headers: answered } = await send("PUT /Company/new", { name }, headers);
      return `${status} ${answered.get("etag")}`;
    };
    assert.is(await put("A"), '201 "1"');
    assert.is(await put("A"), '200 "1"');
    assert.is(await put("B"), '200 "2"');
    assert.is(await put("C", { "if-match": "*" }), '200 "3"');
    await send("DELETE /Company/new");
    assert.is(await put("D"), '201 "5"');
    await send("DELETE /Company/new");
    const { status } = await send("PUT /Company/new", { name: "E" }, { authorization: "bob" });
    assert.is(status, 403);
  });
});

test("a user that is false, null or empty is 401", async () => {
  await using given = await StaffHive.start();
  for (const none of [undefined, null, false, ""]) {
    const handler = entityHandler(Staff, given.hive, { user: () => none as never });
    assert.is((await handler.fetch(new Request("http://localhost/Company"))).status, 401);
  }
});

test("an entity that does not fit is 422 with the paths", async () => {
  await served(async (send) => {
    const { status, headers, body } = await send("POST /Member", { company: "nobody", name: 5, salary: "x" });
    assert.equal([status, headers.get("content-type")], [422, "application/problem+json"]);
    assert.equal(
      body.errors.map(({ path }: { path: string }) => path),
      ["name", "salary"],
    );
    const missing = await send("POST /Member", { company: "acme", name: "Ada", boss: "nobody" });
    assert.equal([missing.status, missing.body.errors[0].path], [422, "boss"]);
  });
});

test("conflicts are 409: an id that is taken, an entity in use", async () => {
  await served(async (send) => {
    assert.is((await send("POST /Company", { id: "acme", name: "B" })).status, 409);
    await send("POST /Member", { id: "ada", company: "acme", name: "Ada" });
    assert.is((await send("DELETE /Company/acme")).status, 409);
  });
});

test("a list has pages, indexes and values as in JSON", async () => {
  await served(async (send) => {
    for (const salary of [1, 2, 10])
      await send("POST /Member", { id: `m${salary}`, company: "acme", name: `${salary}`, salary });
    const ids = async (query: string): Promise<string[]> =>
      (await send(`GET /Member?${query}`)).body.items.map(({ id }: { id: string }) => id);
    assert.equal(await ids("by=salary&from=2"), ["m2", "m10"]);
    assert.equal(await ids("by=name&equals=%2210%22"), ["m10"]);
    assert.equal(await ids("by=company&equals=acme"), ["m1", "m10", "m2"]);
    assert.equal(await ids("from=m2"), ["m2"]);
    const first = (await send("GET /Member?limit=2")).body;
    assert.equal(await ids(`limit=2&cursor=${first.next}`), ["m2"]);
    for (const query of ["limit=0", "limit=x", "by=boss_", "x=1", "limit=1&limit=2", "cursor=zzz"])
      assert.is((await send(`GET /Member?${query}`)).status, 400, query);
  });
});

test("a graph is posted to the root, all or nothing", async () => {
  await served(async (send, given) => {
    const good = [
      { type: "Company", as: "new", create: { name: "New" } },
      { type: "Member", create: { id: "bob", company: "acme", name: "Bob", boss: "#ada" } },
      { type: "Member", as: "ada", create: { id: "ada", company: "acme", name: "Ada" } },
    ];
    const bad = await send("POST /", [...good, { type: "Member", id: "x", patch: {} }]);
    assert.is(bad.status, 404);
    assert.is(await given.staff.Member.find("ada"), undefined);
    const { status, body } = await send("POST /", good);
    assert.equal([status, body.entities[0].name, body.entities[1].boss], [200, "New", "ada"]);
    const gone = await send("POST /", [{ type: "Member", id: "bob", delete: true }]);
    assert.equal(gone.body, { entities: [null] });
  });
});

test("the user of a request decides what is seen and done", async () => {
  await served(async (send) => {
    await send("POST /Member", { id: "ada", company: "acme", name: "Ada", salary: 3 });
    const asBob = { authorization: "bob" };
    assert.is((await send("GET /Member/ada", undefined, asBob)).body.salary, undefined);
    assert.is((await send("PATCH /Member/ada", { salary: 9 }, asBob)).status, 403);
    assert.is((await send("GET /Member/ada", undefined, { authorization: "stranger" })).status, 401);
    assert.is((await send("GET /Member/ada")).headers.get("cache-control"), "private, no-cache");
  });
});

test("wrong paths, methods and bodies are refused", async () => {
  await served(async (send, _, errors) => {
    for (const path of ["/Nothing", "/Member/a/b", "/Member/%E0", "/toString"])
      assert.is((await send(`GET ${path}`)).status, 404, path);
    const wrong = await send("PUT /Member", { name: "x" });
    assert.equal([wrong.status, wrong.headers.get("allow")], [405, "GET, POST"]);
    assert.is((await send("POST /Company", "{", {})).status, 400);
    assert.is((await send("POST /Company", "[]")).status, 400);
    assert.is((await send("POST /Company", "null")).status, 400);
    assert.is((await send("POST /Company", `{"name":${"[".repeat(200)}${"]".repeat(200)}}`)).status, 400);
    assert.is((await send("POST /Company", { name: "x".repeat(2_000) })).status, 413);
    assert.is(
      (await send("POST /Company", "name=x", { "content-type": "application/x-www-form-urlencoded" })).status,
      415,
    );
    assert.is((await send("POST /", { type: "Company" })).status, 400);
    assert.is((await send("POST /", [null])).status, 422);
    assert.equal(errors, []);
  });
});

test("a failure of the server tells nothing of its error", async () => {
  await using given = await StaffHive.start();
  const errors: unknown[] = [];
  const handler = entityHandler(Staff, given.hive, {
    user: () => {
      throw new Error("secret");
    },
    logger: { ...silentLogger, error: (fields) => void errors.push((fields as { err: unknown }).err) },
  });
  const response = await handler.fetch(new Request("http://localhost/Member"));
  assert.is(response.status, 500);
  assert.not.match(await response.text(), /secret/);
  assert.is(errors.length, 1);
});

test("mutated requests are answered, and never with a failure", async () => {
  await served(async (send, given, errors) => {
    let seed = 7;
    const next = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
    const texts = ["acme", "", "__proto__", "a\u0000b", "😀", "\ud800", "x".repeat(300), "../..", "constructor", "%"];
    const value = (depth: number): unknown =>
      pick<() => unknown>([
        () => pick(texts),
        () => pick([0, -1, 1e308, null, true]),
        () => (depth > 3 ? [] : [value(depth + 1)]),
        () => (depth > 3 ? {} : { [pick([...texts, "name", "company", "id", "version"])]: value(depth + 1) }),
      ])();
    for (let n = 0; n < 1_500; n++) {
      const method = pick(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
      const path = pick([
        "",
        "/",
        "/Company",
        `/Company/${encodeURIComponent(pick(texts).toWellFormed())}`,
        "/Member?by=name",
      ]);
      const sends = method !== "GET" && method !== "DELETE" && method !== "OPTIONS";
      const body = pick([
        value(0),
        [value(0)],
        { name: value(0) },
        [{ type: "Company", [pick(["create", "put", "patch"])]: value(0), id: value(0), version: value(0) }],
      ]);
      const headers = pick<Record<string, string>>([
        {},
        { "if-match": pick(['"1"', "*", "x"]) },
        { "if-none-match": "*" },
      ]);
      const { status } = await send(`${method} ${path}`, sends ? JSON.stringify(body) : undefined, headers);
      assert.ok(status < 500, `${method} ${path} ${JSON.stringify(body)} is ${status}: ${String(errors.at(-1))}`);
    }
    for (const { name, version } of (await given.staff.Company.list()).items)
      assert.ok(typeof name === "string" && version > 0);
  });
});

test.run();
