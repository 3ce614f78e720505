import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Finding } from "../../src/analysis/graph/finding.ts";
import { cli, folderWith, root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("beehive lint", { timeoutMs: 60_000 });

const web = join(root, "test/unit/analysis/graph/web.ts");
const prismo = [join(root, "samples/prismo/actors/index.ts"), join(root, "samples/prismo/events.ts")];

/** An actor in plain JavaScript whose subscription has no publisher. */
const shipping = `
import { actorDescription } from ${JSON.stringify(join(root, "src/index.ts"))};
export class ShippingActor { async processAsync() {} }
actorDescription("OrderPaid-Shipping")(ShippingActor);
`;

test("warnings end with 0, and with 1 when strict", async () => {
  const { code, stdout, stderr } = await cli(["lint", web]);
  assert.is(code, 0);
  assert.match(stdout, /^warning {2}Reported- {2}orphan-topic\n {9}No actor reads what ReportActor publishes there/m);
  assert.match(stderr, /^0 errors, \d+ warnings\.$/m);
  assert.is((await cli(["lint", web, "--strict"])).code, 1);
});

test("Prismo has no findings for both clouds, even with --strict", async () => {
  const { code, stderr } = await cli(["lint", ...prismo, "--for", "azure,aws", "--strict"]);
  assert.is(code, 0);
  assert.match(stderr, "No problems in 26 subscriptions.");
});

test("rules of clouds need no SDK", async () => {
  const refuse = `export function resolve(name, context, next) {
    if (/^(@aws-sdk|@azure|rhea)/.test(name)) throw new Error("there is no " + name);
    return next(name, context);
  }`;
  const hooks = `data:text/javascript,${encodeURIComponent(refuse)}`;
  const register = `import { register } from "node:module"; register(${JSON.stringify(hooks)});`;
  const node = ["--import", `data:text/javascript,${encodeURIComponent(register)}`];
  using folder = folderWith();
  const linted = await cli(["lint", web, "--for", `azure,aws:?prefix=${"p".repeat(40)}`], { node });
  assert.is(linted.code, 0, linted.stderr);
  const loading = ["queues", "--provider", "aws:?region=eu-west-1", "Invoices"];
  assert.match((await cli(loading, { node, cwd: folder.path })).stderr, "there is no @aws-sdk");
});

test("an error ends with 1 and one JSON document", async () => {
  using folder = folderWith({ "shipping.mjs": shipping });
  const { code, stdout } = await cli(["lint", folder.at("shipping.mjs"), "--json"]);
  assert.is(code, 1);
  const { errors, warnings, findings } = JSON.parse(stdout) as {
    errors: number;
    warnings: number;
    findings: Finding[];
  };
  assert.equal([errors, warnings], [1, 1]);
  assert.equal(
    findings.map(({ rule, severity, where }) => ({ rule, severity, where })),
    [
      { rule: "unfed-subscription", severity: "error", where: "OrderPaid-Shipping" },
      { rule: "event-without-schema", severity: "warning", where: "OrderPaid" },
    ],
  );
});

test("entries of the configuration count as publishers", async () => {
  using folder = folderWith({
    "shipping.mjs": shipping,
    "beehive.config.json": JSON.stringify({ modules: ["shipping.mjs"], entries: ["OrderPaid"] }),
  });
  const { code, stdout } = await cli(["lint"], { cwd: folder.path });
  assert.is(code, 0);
  assert.not.match(stdout, "unfed-subscription");
});

/** Actors that prevent a start: one without `@injects`, one whose repository has no binding. */
const stuck = `
import { actorDescription, Container, injects, token } from ${JSON.stringify(join(root, "src/index.ts"))};
export const Url = token("Url");
class Mailer {}
class Repository { constructor(url) {} }
injects(Url)(Repository);
export class SilentActor { constructor(url) {} async processAsync() {} }
actorDescription("OrderPaid-Silent")(SilentActor);
export class StoringActor { constructor(repository, mailer) {} async processAsync() {} }
injects(Repository, Mailer)(StoringActor);
actorDescription("OrderPaid-Storing")(StoringActor);
`;
const rulesOf = (json: string): string[] =>
  (JSON.parse(json) as { findings: Finding[] }).findings
    .filter(({ rule }) => rule === "cannot-be-made" || rule === "made-for-each-event")
    .map(({ severity, where, message }) => `${severity} ${where}: ${message.split(/[,:] /, 1)[0]}`);

test("a mistake that a start refuses is an error", async () => {
  using folder = folderWith({
    "stuck.mjs": stuck,
    "with-hive.mjs": `export * from "./stuck.mjs"; import { Url } from "./stuck.mjs";
      import { Container } from ${JSON.stringify(join(root, "src/index.ts"))};
      const container = new Container(); container.bind(Url).toConstantValue("https://example.com");
      export const hive = { container };`,
    "with-function.mjs": 'export * from "./stuck.mjs"; export const hive = () => { throw new Error("called"); };',
    "beehive.config.json": JSON.stringify({ modules: ["stuck.mjs"], entries: ["OrderPaid"] }),
  });
  const silent = "error SilentActor: SilentActor has a constructor with parameters but no @injects that names them.";
  const perEvent = ["Repository", "Mailer"].map((name) => `warning StoringActor: StoringActor -> ${name}`);
  const at = { cwd: folder.path };
  const [configured, named, whole, called, started] = await Promise.all([
    cli(["lint", "--json"], at),
    cli(["lint", "stuck.mjs", "--json"], at),
    cli(["lint", "with-hive.mjs", "--json"], at),
    cli(["lint", "with-function.mjs"], at),
    cli(["run"], at),
  ]);
  assert.is(configured.code, 1);
  assert.equal(rulesOf(configured.stdout), [
    silent,
    "error StoringActor: StoringActor -> Repository -> Url",
    ...perEvent,
  ]);
  assert.equal(rulesOf(named.stdout), [silent]);
  assert.equal(rulesOf(whole.stdout), [silent, ...perEvent]);
  assert.match(called.stderr, "Bindings are not checked");
  // A start reports the same problem.
  assert.match(started.stderr, "SilentActor has a constructor with parameters but no @injects");
  assert.match(started.stderr, "StoringActor -> Repository -> Url: nothing binds Url");
});

test("the cloud of the configuration needs no --for", async () => {
  using folder = folderWith({
    "long.mjs": shipping.replace('Shipping")', 'Shipping", { lease: 13 * 60 * 60 * 1000 })'),
    "beehive.config.json": JSON.stringify({
      modules: ["long.mjs"],
      entries: ["OrderPaid"],
      provider: "aws:?region=eu-west-1",
    }),
  });
  const at = { cwd: folder.path };
  const configured = await cli(["lint"], at);
  assert.is(configured.code, 1, configured.stderr);
  assert.match(configured.stdout, "refused-by-cloud");
  assert.is((await cli(["lint", "--ignore", "refused-by-cloud"], at)).code, 0);
});

test("modules that only publish need no readers", async () => {
  using folder = folderWith({
    "web.mjs": 'export const hive = { publishes: ["OrderPaid", "Invoices-Invoices"] };',
    "wrong.mjs": 'export const hive = { publishes: ["OrderPaid-Shipping"] };',
    "shipping.mjs": shipping,
  });
  const at = { cwd: folder.path };
  const [web, both, wrong] = await Promise.all([
    cli(["lint", "web.mjs", "--ignore", "event-without-schema"], at),
    cli(["lint", "web.mjs", "shipping.mjs"], at),
    cli(["lint", "wrong.mjs"], at),
  ]);
  assert.equal([web.code, web.stdout], [0, ""], web.stderr);
  assert.not.match(both.stdout, "unfed-subscription");
  assert.match(both.stdout, "No actor reads what code outside the actors publishes there, so these events pile up.");
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, 'the hive publishes: "OrderPaid-Shipping" is a subscription');
});

for (const [options, message] of [
  [["--for", "gcp"], '--for takes azure and aws, not "gcp"'],
  [["--for", "aws:?prefix=!"], "prefix must be"],
  [["--ignore", "orphans"], "No rule is called orphans. There are orphan-topic"],
] as const) {
  test(`${options.join(" ")} is refused as wrong usage`, async () => {
    const { code, stdout, stderr } = await cli(["lint", web, ...options]);
    assert.is(code, 2);
    assert.is(stdout, "");
    assert.match(stderr, message);
  });
}

test.run();
