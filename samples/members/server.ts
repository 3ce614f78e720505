/** Serves the members: `npx tsx samples/members/server.ts [PROVIDER] [PORT]`. Ctrl+C ends it. */
import { Directory, type User } from "./entities.ts";
import { serveMembers } from "./service.ts";

const [provider = "memory:", port = "8080"] = process.argv.slice(2);
const users: Readonly<Record<string, User>> = {
  "Bearer hedy": { name: "hedy", company: "acme", isHr: true },
  "Bearer ada": { name: "ada", company: "acme", isHr: false },
};

const service = await serveMembers({
  provider,
  port: Number(port),
  userOf: (request) => users[request.headers.get("authorization") ?? ""],
});
const directory = service.hive.store(Directory.token);
if (!(await directory.Company.find("acme")))
  await directory.createGraph([
    { type: "Company", create: { id: "acme", name: "Acme" } },
    { type: "Member", create: { id: "hedy", company: "acme", name: "Hedy Lamarr", salary: 9_000 } },
    { type: "Member", create: { id: "ada", company: "acme", name: "Ada Lovelace", salary: 8_000, boss: "hedy" } },
  ]);
console.log(`Two users, of whom one sees salaries:

  curl -H "authorization: Bearer hedy" http://127.0.0.1:${service.port}/directory/Member
  curl -H "authorization: Bearer ada" http://127.0.0.1:${service.port}/directory/Member?by=name
  curl -X PATCH -H "authorization: Bearer hedy" -H "content-type: application/json" -d '{"salary":8500}' \\
    http://127.0.0.1:${service.port}/directory/Member/ada`);
process.once("SIGINT", () => void service.close());
