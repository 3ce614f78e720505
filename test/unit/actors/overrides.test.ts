import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  actorDescription,
  actorsFrom,
  createHive,
  defaultRetry,
  toDescriptor,
  type DescriptorSource,
  type ActorDescriptor,
  type HiveOptions,
  type ProcessorActor,
} from "beehive-actors";
import * as assert from "uvu/assert";
import { failureOf } from "../../support/failure.ts";
import { suite } from "../../support/suite.ts";

const test = suite("actor overrides");

@actorDescription("OrderAccepted-Payment", { parallelism: 3, lease: 20_000 })
@actorDescription("OrderResumed-Payment", { parallelism: 3 })
class PaymentActor implements ProcessorActor {
  processAsync(): void {}
}

@actorDescription("OrderShipped-Tracing")
class TracingActor implements ProcessorActor {
  processAsync(): void {}
}

let folder = "";
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "beehive-overrides-"));
});
test.after(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function descriptors(options: Partial<HiveOptions>): Promise<readonly ActorDescriptor[]> {
  const hive = await createHive({ actors: [PaymentActor, TracingActor], environment: {}, ...options });
  await hive.stop();
  return hive.descriptors;
}

function on(all: readonly ActorDescriptor[], queueName: string): ActorDescriptor {
  const found = all.find((one) => one.queueName.toString() === queueName);
  if (!found) throw new Error(`There is no ${queueName}.`);
  return found;
}

const files = {
  "overrides.json": `{ "actors": {
    "PaymentActor": { "parallelism": 32, "retry": { "maxAttempts": 5 } },
    "OrderResumed-Payment": { "parallelism": 1 },
    "OrderShipped-Tracing": { "enabled": false }
  } }`,
  "overrides.yaml": `
actors:
  PaymentActor:
    parallelism: 32
    retry: { maxAttempts: 5 }
  OrderResumed-Payment: { parallelism: 1 }
  OrderShipped-Tracing: { enabled: false }
`,
};

for (const [name, content] of Object.entries(files)) {
  test(`${name} wins over decorators, a subscription over an actor`, async () => {
    const all = await descriptors({ overrides: await file(name, content) });
    assert.equal(all.map(({ queueName }) => queueName.toString()).toSorted(), [
      "OrderAccepted-Payment",
      "OrderResumed-Payment",
    ]);
    const accepted = on(all, "OrderAccepted-Payment");
    assert.is(accepted.parallelism, 32);
    assert.is(accepted.lease, 20_000, "what the file does not say, the decorator does");
    assert.equal(accepted.retry, { ...defaultRetry, maxAttempts: 5 }, "a retry is merged field by field");
    assert.is(on(all, "OrderResumed-Payment").parallelism, 1);
  });
}

test("a variable wins over a file", async () => {
  const all = await descriptors({
    overrides: await file("overrides.json", files["overrides.json"]),
    environment: {
      BEEHIVE_ACTOR_PARALLELISM_PaymentActor: "64",
      BEEHIVE_ACTOR_PARALLELISM_OfAnotherHive: "2",
      HOME: "/",
    },
  });
  assert.is(on(all, "OrderAccepted-Payment").parallelism, 64);
  assert.is(on(all, "OrderResumed-Payment").parallelism, 64);
});

test("overrides in an object work like those of a file", async () => {
  const all = await descriptors({ overrides: { TracingActor: { lease: 1_000 } } });
  assert.is(on(all, "OrderShipped-Tracing").lease, 1_000);
});

test("describe() prints each setting with its origin", async () => {
  const path = await file("overrides.yml", "actors: { PaymentActor: { retry: { maxAttempts: 5 } } }");
  const hive = await createHive({
    actors: [PaymentActor],
    overrides: path,
    environment: { BEEHIVE_ACTOR_PARALLELISM_PaymentActor: "64" },
    defaults: { failureLimit: { failures: 3, within: 1_000, action: "pause" } },
  });
  const [accepted = ""] = hive.describe().split("\n\n");
  const lines = accepted.split("\n").map((line) => line.trim().replaceAll(/\s+/g, " "));
  assert.equal(lines, [
    "PaymentActor on OrderAccepted-Payment",
    "parallelism 64 (BEEHIVE_ACTOR_PARALLELISM_PaymentActor)",
    "lease 20000 (decorator)",
    `retry maxAttempts 5, minDelay 250, maxDelay 60000, factor 2, jitter 0.2 (${path})`,
    "ordered false (default)",
    "failureLimit failures 3, within 1000, action pause (default)",
  ]);
  await hive.stop();
});

for (const [what, name, content, reasons] of [
  ["is not there", "absent.json", undefined, [/absent\.json cannot be read: ENOENT/]],
  ["is not JSON", "bad.json", "{", [/bad\.json cannot be read: /]],
  ["is not YAML", "bad.yaml", "a: [", [/bad\.yaml cannot be read: /]],
  ["is a list", "list.json", "[]", [/an object with the one key "actors"/]],
  ["is empty", "empty.yaml", "", [/an object with the one key "actors"/]],
  ["has another key", "more.json", `{ "actors": {}, "hive": {} }`, [/an object with the one key "actors"/]],
  [
    "has settings that are none",
    "typo.json",
    `{ "actors": { "PaymentActor": { "paralelism": 1 }, "TracingActor": 5 } }`,
    [
      /actors\.PaymentActor\.paralelism is not a setting; there are enabled, parallelism/,
      /actors\.TracingActor must be an object/,
    ],
  ],
  [
    "names actors that are not there, and bad values",
    "bad-values.json",
    `{ "actors": { "PaymentActor": { "parallelism": 0 }, "Nobody": {}, "TracingActor": { "lease": "long" } } }`,
    [
      /actors\.Nobody is neither an actor nor a subscription of this hive/,
      /PaymentActor on "OrderAccepted-Payment": parallelism must be a whole number from 1, not 0/,
      /TracingActor on "OrderShipped-Tracing": lease must be a whole number of ms from 100, at most 100 years, not "long"/,
    ],
  ],
] as const) {
  test(`a file that ${what} is refused with every problem at once`, async () => {
    const path = content === undefined ? join(folder, name) : await file(name, content);
    const error = await failureOf(descriptors({ overrides: path }));
    assert.is(error.code, "InvalidConfiguration");
    for (const reason of reasons) assert.match(error.message, reason);
  });
}

for (const [what, said, reason] of [
  ["a retry that is no object", { retry: "often" }, "actors.PaymentActor.retry must be an object"],
  [
    "a retry with a typing error",
    { retry: { maxAttemts: 3 } },
    "actors.PaymentActor.retry.maxAttemts is not a setting",
  ],
  ["a limit with a typing error", { failureLimit: { failure: 3 } }, "failureLimit.failure is not a setting"],
  ["a limit that does what there is not", { failureLimit: { failures: 1, within: 1, action: "sing" } }, 'not "sing"'],
  ["an enabled that is a text", { enabled: "no" }, "actors.PaymentActor.enabled must be true or false"],
] as const) {
  test(`a file with ${what} is refused`, async () => {
    const path = await file("within.json", JSON.stringify({ actors: { PaymentActor: said } }));
    const error = await failureOf(descriptors({ overrides: path }));
    assert.match(error.message, reason);
  });
}

test("a variable that is empty or for another hive is ignored", async () => {
  for (const empty of ["", " \n"]) {
    const environment = {
      BEEHIVE_ACTOR_PARALLELISM_PaymentActor: empty,
      BEEHIVE_ACTOR_PARALLELISM_Elsewhere: "many",
    };
    assert.equal(
      (await descriptors({ environment })).map(({ parallelism }) => parallelism),
      (await descriptors({})).map(({ parallelism }) => parallelism),
    );
  }
});

test("a wrong variable is refused by its name and its text", async () => {
  for (const text of ["many", "0", "1.5", "Password=hunter2"]) {
    const error = await failureOf(descriptors({ environment: { BEEHIVE_ACTOR_PARALLELISM_PaymentActor: text } }));
    const shown = text.replace("hunter2", "***");
    assert.match(error.message, `BEEHIVE_ACTOR_PARALLELISM_PaymentActor must be a whole number from 1, not "${shown}"`);
  }
});

const fromDatabase = (queueName: string, parallelism: number): ActorDescriptor => {
  const problems: string[] = [];
  const described = toDescriptor(TracingActor, queueName, { parallelism }, {}, problems);
  if (!described) throw new Error(problems.join());
  return described;
};

test("sync and async descriptor sources merge with classes", async () => {
  const now: DescriptorSource = { getDescriptors: () => [fromDatabase("A-Trace", 1)] };
  const later: DescriptorSource = { getDescriptors: async () => new Set([fromDatabase("B-Trace", 2)]) };
  const all = await descriptors({ actors: [PaymentActor, now, later], overrides: { "B-Trace": { parallelism: 7 } } });
  assert.equal(all.map(({ queueName, parallelism }) => `${queueName} ${parallelism}`).toSorted(), [
    "A-Trace 1",
    "B-Trace 7",
    "OrderAccepted-Payment 3",
    "OrderResumed-Payment 3",
  ]);
});

test("a descriptor source receives the defaults of the hive", async () => {
  let told: unknown;
  const asked: DescriptorSource = {
    getDescriptors: (defaults) => {
      told = defaults?.parallelism;
      return [fromDatabase("A-Trace", 1)];
    },
  };
  await descriptors({ actors: asked, defaults: { parallelism: 42 } });
  assert.is(told, 42);
});

test("two sources for one subscription are a contradiction", async () => {
  const again: DescriptorSource = { getDescriptors: () => [fromDatabase("OrderAccepted-Payment", 1)] };
  const error = await failureOf(descriptors({ actors: [PaymentActor, again] }));
  assert.match(error.message, 'TracingActor and PaymentActor both read "OrderAccepted-Payment"');
});

test("of a module, the decorated classes are its actors", () => {
  // The C# library has this test, with an assembly.
  class NotAnActor implements ProcessorActor {
    processAsync(): void {}
  }
  const found = [...actorsFrom({ PaymentActor, NotAnActor, aNumber: 1 })];
  assert.equal(
    found.map(({ actorType, parallelism, queueName }) => [actorType, parallelism, queueName.toString()]),
    [
      [PaymentActor, 3, "OrderAccepted-Payment"],
      [PaymentActor, 3, "OrderResumed-Payment"],
    ],
  );
});

test.run();
