import { readdir, readFile } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { suite } from "../support/suite.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const test = suite("the rooms of docs/architecture.md");
const page = await readFile(join(root, "docs/architecture.md"), "utf8");
const rooms = tableUnder("## Rooms of `src`");
const providerRooms = tableUnder("## Rooms of a provider");

test("src holds index.ts and the rooms of the table only", async () => {
  for (const { file } of await sources("src")) if (file !== "src/index.ts") assert.ok(rooms.has(roomOf(file)), file);
  const files = (await sources("src")).map(({ file }) => file);
  for (const room of rooms.keys())
    assert.ok(
      files.some((file) => roomOf(file) === room),
      `${room} is empty`,
    );
});

test("src has at most eighteen folders", async () => {
  const names = new Set([...rooms.keys()].map((room) => room.split("/")[0]));
  assert.ok(names.size <= 18, [...names].join(", "));
});

test("a room of src imports only the rooms that its row names", async () => {
  for (const { file, imports } of await sources("src")) {
    const own = roomOf(file);
    if (own === "") continue;
    const wrong = imports.filter((path) => roomOf(path) !== own && !rooms.get(own)?.has(roomOf(path)));
    assert.equal(wrong, [], `${file} imports what ${own} may not`);
  }
});

test("the rows of the table name only rooms above them", () => {
  const above = new Set<string>();
  for (const [room, allowed] of rooms) {
    assert.equal(
      [...allowed].filter((name) => !above.has(name)),
      [],
      `${room} reaches down or beside`,
    );
    above.add(room);
  }
});

test("only hive/providers.ts reaches providers, by dynamic import", async () => {
  for (const { file, imports, dynamic, text } of await sources("src")) {
    assert.equal(imports.filter(isProvider), [], `${file} imports a provider`);
    if (file === "src/hive/providers.ts") continue;
    assert.equal(dynamic.filter(isProvider), [], `${file} imports a provider when it runs`);
    assert.not.match(text, /["'`](?:\.\.\/)+providers\//, `${file} holds a path of a provider`);
  }
});

test("nothing else imports an integration, and it imports src", async () => {
  for (const { file, imports, dynamic } of [...(await sources("src")), ...(await sources("providers"))])
    assert.equal(
      [...imports, ...dynamic].filter((path) => path.startsWith("integrations/")),
      [],
      file,
    );
  for (const { file, imports } of await sources("integrations"))
    assert.equal(
      imports.filter((path) => !path.startsWith("src/") && !path.startsWith(file.split("/", 2).join("/"))),
      [],
      file,
    );
});

test("each provider has a module.ts and a line in hive/providers.ts", async () => {
  const names = await readdir(join(root, "providers"));
  const registry = await readFile(join(root, "src/hive/providers.ts"), "utf8");
  const paths = [...registry.matchAll(/providers\/(\w+)\/module\.ts/g)].map(([, name = ""]) => name);
  assert.equal(paths.toSorted(), names.toSorted());
  for (const name of names)
    assert.match(await readFile(join(root, `providers/${name}/index.ts`), "utf8"), "registerProvider(providerModule)");
});

test("the description of a provider loads the provider when it is asked", async () => {
  for (const { file, imports } of await sources("providers")) {
    if (!/^providers\/\w+\/module\.ts$/.test(file)) continue;
    assert.equal(imports, ["src/contract/provider-module.ts"], file);
  }
});

test("a provider has the rooms of the table only", async () => {
  for (const { file } of await sources("providers")) assert.ok(providerRooms.has(providerRoomOf(file)), file);
});

test("a provider imports only what the row of its room names", async () => {
  for (const { file, imports } of await sources("providers")) {
    const allowed = providerRooms.get(providerRoomOf(file));
    const own = file.split("/").slice(0, 2).join("/");
    const wrong = imports.filter((path) =>
      path.startsWith("src/") ? !allowed?.has(roomOf(path)) : !path.startsWith(`${own}/`),
    );
    assert.equal(wrong, [], `${file} imports what it may not`);
  }
});

test("only hosting imports hosting, and module.ts by dynamic import", async () => {
  for (const { file, imports, dynamic } of await sources("providers")) {
    if (file.includes("/hosting/")) continue;
    const reached = file.endsWith("/module.ts") ? imports : [...imports, ...dynamic];
    assert.equal(
      reached.filter((path) => path.includes("/hosting/")),
      [],
      file,
    );
  }
});

test("only the command line uses the packages of a command line", async () => {
  for (const { file, packages } of await sources("src")) {
    if (file.startsWith("src/cli/")) continue;
    assert.equal(
      packages.filter((name) => ["commander", "cli-progress", "valibot"].includes(name)),
      [],
      file,
    );
  }
});

test("only injection uses inversify", async () => {
  for (const { file, packages } of await sources("src"))
    if (packages.includes("inversify")) assert.match(file, /^src\/actors\/injection\//);
});

test("only the dashboard uses hono", async () => {
  for (const { file, packages } of await sources("src"))
    if (packages.some((name) => /^hono\b/.test(name))) assert.match(file, /^src\/web\/dashboard\//);
});

test("the core and the providers log errors under err", async () => {
  for (const { file, text } of [...(await sources("src")), ...(await sources("providers"))])
    assert.not.match(text, /logger\.(?:debug|info|warn|error)\(\s*\{(?:[^}]*,)?\s*error\s*[,:}]/, file);
});

test("a sample imports the library by its package name", async () => {
  for (const { file, imports } of await sources("samples"))
    assert.equal(
      imports.filter((path) => /^(src|providers)\//.test(path)),
      [],
      file,
    );
});

test("the core and the providers take time from the clock", async () => {
  for (const { file, text } of [...(await sources("src")), ...(await sources("providers"))]) {
    if (file === "src/base/clock.ts" || file.startsWith("src/testing/")) continue;
    const code = text.replaceAll(/\/\*.*?\*\/|\/\/.*$/gms, "");
    assert.not.match(code, /\bDate\.now\(|new Date\(\)|\bset(?:Timeout|Interval)\(/, `${file} does not use the clock`);
  }
});

test.run();

interface Source {
  readonly file: string;
  readonly text: string;
  /** Paths from the root. */
  readonly imports: readonly string[];
  readonly dynamic: readonly string[];
  readonly packages: readonly string[];
}

/** Returns the table below a heading: the rooms that each room may import. */
function tableUnder(heading: string): ReadonlyMap<string, ReadonlySet<string>> {
  const after = page.slice(page.indexOf(heading));
  const rows = [
    ...after.slice(0, after.indexOf("\n## ", 1)).matchAll(/^\| (?:`([\w/-]+?)\/?`|\(root\)) *\|.*\|([^|]*)\|$/gm),
  ];
  assert.ok(rows.length > 0, `no table under ${heading}`);
  return new Map(
    rows.map(([, room = "", allowed = ""]) => [
      room,
      new Set(
        allowed
          .split(",")
          .map((one) => one.trim())
          .filter((one) => one !== "nothing"),
      ),
    ]),
  );
}

/** Returns the room of a file of `src`, the innermost that the table names; empty for `index.ts`. */
function roomOf(path: string): string {
  const [first, folder = "", inner = "", ...rest] = path.split("/");
  if (first !== "src" || inner === "") return "";
  return rest.length > 0 && rooms.has(`${folder}/${inner}`) ? `${folder}/${inner}` : folder;
}

/** Returns the room of a file of a provider; empty for its root. */
function providerRoomOf(file: string): string {
  const parts = file.split("/");
  return parts.length > 3 ? (parts[2] ?? "") : "";
}

function isProvider(path: string): boolean {
  return path.startsWith("providers/");
}

async function sources(folder: string): Promise<Source[]> {
  const entries = await readdir(join(root, folder), { recursive: true });
  const own = entries.filter((file) => file.endsWith(".ts") && !file.includes("node_modules"));
  const files = own.map((file) => posix.join(folder, file));
  assert.ok(files.length > 0, `${folder} has no sources`);
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, file), "utf8");
      const named = [...text.matchAll(/(?:from|^import) "([^"]+)"/gm)].map(([, name = ""]) => name);
      const dynamic = [...text.matchAll(/import\("([^"]+)"\)/g)].map(([, name = ""]) => name);
      const inProject = (names: readonly string[]): string[] =>
        names.filter((name) => name.startsWith(".")).map((name) => relative(root, join(root, dirname(file), name)));
      return {
        file,
        text,
        imports: inProject(named),
        dynamic: inProject(dynamic),
        packages: named.filter((name) => !name.startsWith(".")),
      };
    }),
  );
}
