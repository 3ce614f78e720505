import * as assert from "uvu/assert";
import { Directory, type User } from "../../samples/members/entities.ts";
import { serveMembers } from "../../samples/members/service.ts";
import { suite } from "../support/suite.ts";

interface Answer {
  readonly status: number;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- tests look into answers
}

const test = suite("the entities of samples/members", { timeoutMs: 30_000 });

const users: Readonly<Record<string, User>> = {
  hedy: { name: "hedy", company: "acme", isHr: true },
  ada: { name: "ada", company: "acme", isHr: false },
};

test("HR changes members over HTTP, and others see no salaries", async () => {
  await using service = await serveMembers({
    provider: "memory:",
    port: 0,
    userOf: ({ headers }) => users[headers.get("authorization") ?? ""],
  });
  const send = async (as: string, line: string, body?: object): Promise<Answer> => {
    const [method = "", path = ""] = line.split(" ");
    const headers = { authorization: as, "content-type": "application/json" };
    const url = `http://127.0.0.1:${service.port}/directory${path}`;
    const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: answer.status, body: await answer.json() };
  };
  const graph = await send("hedy", "POST /", [
    { type: "Company", create: { id: "acme", name: "Acme" } },
    { type: "Member", as: "boss", create: { id: "hedy", company: "acme", name: "Hedy", salary: 9 } },
    { type: "Member", create: { id: "ada", company: "acme", name: "Ada L.", salary: 8, boss: "#boss" } },
  ]);
  assert.equal([graph.status, graph.body.entities.length], [200, 3]);
  await service.hive.whenIdle();
  const directory = service.hive.store(Directory.token);
  assert.is((await directory.Contact.get("of-ada")).email, "ada@acme.example");
  assert.is((await send("hedy", "GET /Member/ada")).body.salary, 8);
  assert.is((await send("ada", "GET /Member/ada")).body.salary, undefined);
  assert.is((await send("ada", "PATCH /Member/ada", { salary: 100 })).status, 403);
  assert.is((await send("hedy", "PATCH /Member/ada", { salary: -1 })).status, 422);
  assert.is((await send("hedy", "PATCH /Member/ada", { salary: 10 })).body.version, 2);
  assert.is((await send("nobody", "GET /Member/ada")).status, 401);
});

test.run();
