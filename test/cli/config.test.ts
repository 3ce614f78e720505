import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import * as assert from "uvu/assert";
import { configProblems } from "../../src/cli/config-schema.ts";
import { UsageError } from "../../src/cli/exit-code.ts";
import { readSettings, type Settings, type SettingsSources } from "../../src/cli/settings.ts";
import { cli, folderWith } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("the configuration of the command line", { timeoutMs: 60_000 });

const settings = (folder: string, more: Partial<SettingsSources> = {}): Promise<Settings> =>
  readSettings({ flags: {}, environment: {}, folder, ...more });

async function refusal(body: Promise<unknown>): Promise<string> {
  const error = await body.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, UsageError);
  return (error as UsageError).message;
}

test("every problem of a configuration is reported with its path", () => {
  const wrong = {
    provider: "pigeons",
    modules: "src/actors.ts",
    defaults: { parallelism: 0, retry: { maxAttempts: 0, jitter: 1.5, tries: 3 }, failureLimit: {} },
    overrides: { PaymentActor: { enabled: "no", lease: 1 } },
    health: { port: 70_000 },
    entries: ["Order-Accepted-Now"],
    topology: "make",
    colour: "red",
  };
  assert.equal(configProblems(wrong).toSorted(), [
    "colour: is not a setting; there are provider, modules, actors, stages, stage, topology, defaults, overrides, journal, health, relay, codec, entries, logLevel, stopDeadline",
    "defaults.failureLimit.action: must be given",
    "defaults.failureLimit.failures: must be given",
    "defaults.failureLimit.within: must be given",
    "defaults.parallelism: must be at least 1",
    "defaults.retry.jitter: must be at most 1",
    "defaults.retry.maxAttempts: must be at least 1",
    "defaults.retry.tries: is not a setting; there are maxAttempts, minDelay, maxDelay, factor, jitter",
    "entries.0: must be a name such as OrderAccepted, Topic-Subscription or Queue",
    "health.port: must be at most 65535",
    "modules: must be a list of texts",
    "overrides.PaymentActor.enabled: must be true or false",
    "overrides.PaymentActor.lease: must be at least 100 ms",
    "provider: must be a URL such as sqlite:./hive.db, postgres://host/database, azure: or aws:",
    "topology: must be create or check",
  ]);
  assert.equal(configProblems([]), ["it must be an object"]);
  assert.equal(configProblems({}), []);
});

test("a flag of one command sets nothing for another", async () => {
  using folder = folderWith();
  const flags = { from: "2h", to: "beginning" };
  for (const command of ["log", undefined]) {
    const { relay } = await settings(folder.path, { command, flags });
    assert.is(relay, undefined);
  }
  const { relay, origins } = await settings(folder.path, { command: "relay", flags: { from: "sqlite:./a.db" } });
  assert.equal([relay, origins["relay.from"]], [{ from: "sqlite:./a.db" }, "--from"]);
});

test("a flag wins over the environment, which wins over the file", async () => {
  using folder = folderWith({
    "beehive.config.json": '{"provider":"aws:","logLevel":"info","health":{"port":1,"host":"::1"}}',
  });
  const environment = {
    BEEHIVE_PROVIDER: "azure:",
    BEEHIVE_HEALTH_PORT: "2",
    BEEHIVE_ACTORS: "A, B",
    BEEHIVE_MODULES: "",
  };
  const found = await settings(folder.path, { environment, flags: { healthPort: "3", json: true } });
  const file = folder.at("beehive.config.json");
  const { origins, ...values } = found;
  assert.equal(values, {
    provider: "azure:",
    logLevel: "info",
    health: { port: 3, host: "::1" },
    actors: ["A", "B"],
    file,
  });
  assert.equal(origins, {
    provider: "BEEHIVE_PROVIDER",
    logLevel: file,
    "health.port": "--health-port",
    "health.host": file,
    actors: "BEEHIVE_ACTORS",
  });
});

test("paths in a configuration are relative to its file", async () => {
  using folder = folderWith({
    "beehive.config.yaml":
      "provider: sqlite:./data/hive.db?durability=normal\nmodules: [src/actors.ts]\noverrides: ops.yaml\n",
    "src/deep/x": "",
  });
  const found = await settings(folder.at("src/deep"));
  assert.is(found.provider, `sqlite:${folder.at("data/hive.db")}?durability=normal`);
  assert.equal(found.modules, [folder.at("src/actors.ts")]);
  assert.is(found.overrides, folder.at("ops.yaml"));
});

test("SQLite in memory is not a path", async () => {
  using folder = folderWith({ "beehive.config.json": '{"provider":"sqlite::memory:"}' });
  assert.is((await settings(folder.path)).provider, "sqlite::memory:");
});

test("a blank number is not 0", async () => {
  using folder = folderWith({});
  const environment = { BEEHIVE_HEALTH_PORT: " " };
  assert.match(await refusal(settings(folder.path, { environment })), "BEEHIVE_HEALTH_PORT: must be a number");
});

test("beehive config covers the parallelism of actors in variables", async () => {
  using folder = folderWith({});
  const run = (parallelism: string) =>
    cli(["config"], { cwd: folder.path, environment: { BEEHIVE_ACTOR_PARALLELISM_PaymentActor: parallelism } });
  const [wrong, right] = await Promise.all([run("many"), run("3")]);
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, /BEEHIVE_ACTOR_PARALLELISM_PaymentActor.*many/);
  assert.match(right.stdout, /overrides\.PaymentActor\.parallelism +3 +BEEHIVE_ACTOR_PARALLELISM_PaymentActor/);
});

test("lengths of time are texts with a unit or numbers of ms", async () => {
  const config = { stopDeadline: "1m", defaults: { lease: "30s", retry: { minDelay: 250, maxDelay: "5m" } } };
  using folder = folderWith({ "beehive.config.json": JSON.stringify(config) });
  const { defaults, stopDeadline } = await settings(folder.path);
  assert.equal(defaults, { lease: 30_000, retry: { minDelay: 250, maxDelay: 300_000 } });
  assert.is(stopDeadline, 60_000);
  const environment = { BEEHIVE_STOP_DEADLINE: "90s" };
  assert.is((await settings(folder.path, { environment })).stopDeadline, 90_000);
  const flags = { stopDeadline: "500" };
  assert.is((await settings(folder.path, { environment, flags })).stopDeadline, 500);
});

test("a module is read by its default export", async () => {
  using folder = folderWith({
    "beehive.config.mjs": 'export default { provider: `sqlite:${"/data"}/hive.db` };',
    "named.ts": "const level: string = 'info';\nexport default { logLevel: level };",
    "none.mjs": "export const provider = 1;",
  });
  assert.is((await settings(folder.path)).provider, "sqlite:/data/hive.db");
  assert.is((await settings(folder.path, { flags: { config: folder.at("named.ts") } })).logLevel, "info");
  assert.match(await refusal(settings(folder.path, { flags: { config: folder.at("none.mjs") } })), /no default export/);
});

test("all wrong values are reported at once with their origins", async () => {
  using folder = folderWith({ "beehive.config.json": '{"stopDeadline":-1,"journal":1}' });
  const environment = { BEEHIVE_TOPOLOGY: "make", BEEHIVE_STOP_DEADLINE: "soon", BEEHIVE_JOURNAL: "maybe" };
  const message = await refusal(settings(folder.path, { environment, flags: { logLevel: "loud" } }));
  assert.equal(message.split("\n").toSorted(), [
    "  journal: must be true or false",
    "  stopDeadline: must be at least 0 ms",
    '--log-level: must be debug or info or warn or error or silent, not "loud"',
    `${folder.at("beehive.config.json")}:`,
    'BEEHIVE_JOURNAL: must be true or false, not "maybe"',
    'BEEHIVE_STOP_DEADLINE: must be a number of ms or a text such as "30s", "5m" or "7d", not "soon"',
    'BEEHIVE_TOPOLOGY: must be create or check, not "make"',
  ]);
});

test("texts of variables are read as deployments write them", async () => {
  using folder = folderWith({});
  const environment = {
    BEEHIVE_PROVIDER: "sqlite:./hive.db\n",
    BEEHIVE_MODULES: "a.ts, b.ts,\n",
    BEEHIVE_TOPOLOGY: "Check ",
    BEEHIVE_JOURNAL: "True",
    BEEHIVE_HEALTH_PORT: "8080\r\n",
    BEEHIVE_LOG_LEVEL: "INFO",
    BEEHIVE_STOP_DEADLINE: "",
  };
  const { provider, modules, topology, journal, health, logLevel, stopDeadline } = await settings(folder.path, {
    environment,
  });
  assert.equal(
    { provider, modules, topology, journal, health, logLevel, stopDeadline },
    {
      provider: "sqlite:./hive.db",
      modules: ["a.ts", "b.ts"],
      topology: "check",
      journal: true,
      health: { port: 8_080 },
      logLevel: "info",
      stopDeadline: undefined,
    },
  );
});

test("a wrong variable is shown without its secret", async () => {
  using folder = folderWith({});
  const environment = { BEEHIVE_PROVIDER: "Host=db;Password=hunter2", BEEHIVE_HEALTH_PORT: "tcp://10.0.0.1:80" };
  const message = await refusal(settings(folder.path, { environment }));
  assert.match(message, 'not "Host=db;Password=***"');
  assert.match(message, 'BEEHIVE_HEALTH_PORT: must be a number, not "tcp://10.0.0.1:80"');
});

test("a broken file is reported by place, not by its text", async () => {
  using folder = folderWith({
    "broken.json": '{"provider":"azure:","key":"hunter2"x}',
    "broken.yaml": "provider: azure:\nkey: [hunter2\n",
    "marked.json": '\ufeff{"logLevel":"info"}',
  });
  const json = await refusal(settings(folder.path, { flags: { config: folder.at("broken.json") } }));
  const yaml = await refusal(settings(folder.path, { flags: { config: folder.at("broken.yaml") } }));
  assert.match(json, "it is not JSON, wrong at position 36 (line 1 column 37)");
  assert.match(yaml, "it is not YAML");
  assert.not.match(json + yaml, "hunter2");
  assert.is((await settings(folder.path, { flags: { config: folder.at("marked.json") } })).logLevel, "info");
});

test("two files in one folder are refused, and so is a missing one", async () => {
  using folder = folderWith({ "beehive.config.json": "{}", "beehive.config.yaml": "{}", "broken.json": "{" });
  assert.match(await refusal(settings(folder.path)), /several configurations/);
  assert.match(await refusal(settings(folder.path, { flags: { config: folder.at("none.json") } })), /cannot be read/);
  assert.match(await refusal(settings(folder.path, { flags: { config: folder.at("broken.json") } })), /cannot be read/);
});

test("config prints the settings without their secrets", async () => {
  using folder = folderWith({ "beehive.config.yaml": "defaults: { retry: { maxAttempts: 3 } }\n" });
  const environment = { BEEHIVE_PROVIDER: "azure:?serviceKey=1&accountKey=hunter2&table=shop" };
  const [text, json] = await Promise.all([
    cli(["config"], { cwd: folder.path, environment }),
    cli(["config", "--json"], { cwd: folder.path, environment }),
  ]);
  assert.equal([text.code, json.code, text.stderr, json.stderr], [0, 0, "", ""]);
  assert.not.match(text.stdout + json.stdout, /hunter2/);
  const rows = JSON.parse(json.stdout) as { setting: string; value: unknown; from: string }[];
  const row = (name: string): unknown => rows.find(({ setting }) => setting === name);
  assert.equal(row("provider"), {
    setting: "provider",
    value: "azure:?serviceKey=1&accountKey=***&table=shop",
    from: "BEEHIVE_PROVIDER",
  });
  assert.equal(row("defaults.retry.maxAttempts"), {
    setting: "defaults.retry.maxAttempts",
    value: 3,
    from: folder.at("beehive.config.yaml"),
  });
  assert.equal(row("topology"), { setting: "topology", value: "create", from: "default" });
  for (const { setting } of rows) assert.ok(text.stdout.includes(setting), setting);
});

test("a wrong file ends any command with 2 and a message", async () => {
  using folder = folderWith({ "beehive.config.json": '{"modules":[""],"defaults":{"lease":1}}' });
  mkdirSync(dirname(folder.at("below/x")));
  const { code, stdout, stderr } = await cli(["config", "--json"], { cwd: folder.at("below") });
  assert.equal([code, stdout], [2, ""]);
  assert.match(stderr, /modules\.0: must not be empty/);
  assert.match(stderr, /defaults\.lease: must be at least 100 ms/);
});

test.run();
