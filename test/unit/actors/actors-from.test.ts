import { inspect } from "node:util";
import * as assert from "uvu/assert";
import { actorDescription, type ActorClass, type ActorOptions } from "../../../src/actors/actor.ts";
import { actorsFrom, type ActorClasses } from "../../../src/actors/actors-from.ts";
import { createHive, type HiveOptions } from "../../../src/hive/hive.ts";
import { eventType } from "../../../src/events/event-type.ts";
import { pulse } from "../../../src/actors/pulses/pulser.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Actor configuration");

function actor(queueName: string, options?: ActorOptions): ActorClass {
  class Some {
    async processAsync(): Promise<void> {}
  }
  actorDescription(queueName, options)(Some);
  return Some;
}

class Undecorated {
  async processAsync(): Promise<void> {}
}

class NoMethod {}
actorDescription("A-NoMethod")(NoMethod as never);

const describe = async (...classes: readonly ActorClasses[]) => actorsFrom(classes);
const problemsOf = async (...classes: readonly ActorClasses[]): Promise<string> =>
  (await throwsCode("InvalidConfiguration", () => describe(...classes))).message;

test("a descriptor has the options of the decorator and the defaults", async () => {
  const [descriptor] = await describe(
    actor("Order-Pay", {
      parallelism: 3,
      retry: { maxAttempts: 2 },
      publishes: ["Paid", "Failed-", "Invoices-Invoices"],
    }),
  );
  assert.equal(
    [String(descriptor?.queueName), descriptor?.name, descriptor?.parallelism, descriptor?.lease, descriptor?.ordered],
    ["Order-Pay", "Some", 3, 30_000, false],
  );
  assert.equal([descriptor?.retry.maxAttempts, descriptor?.retry.factor], [2, 2]);
  assert.equal(descriptor?.publishes.map(String), ["Paid-", "Failed-", "Invoices"]);
});

test("events of published event types go where the types define", async () => {
  const types = [eventType("Paid"), eventType("Printed", undefined, { queueName: "Labels" })];
  const [descriptor] = await describe(actor("Order-Pay", { publishes: [...types, "Failed"] }));
  assert.equal(descriptor?.publishes.map(String), ["Paid-", "Labels", "Failed-"]);
});

test("each class is taken once, and of a module the decorated ones", async () => {
  const [a, b, c] = [actor("A-X"), actor("B-X"), actor("C-X")];
  const descriptors = await describe(a, [b, [a]], { a, c, Undecorated, other: 7, text: "x" });
  assert.equal(
    descriptors.map(({ queueName }) => String(queueName)),
    ["A-X", "B-X", "C-X"],
  );
});

for (const [what, sources, reason] of [
  ["a class that is not decorated", [Undecorated], /Undecorated is not an actor: decorate it/],
  ["a class without the method", [NoMethod as never], /NoMethod has no method processAsync/],
  ["a wrong queue name", [actor("A-B-C")], /Some on "A-B-C".*more than one hyphen/],
  ["a topic to read", [actor("Orders-")], /it is a topic; an actor reads a subscription of it, "Orders-Something"/],
  [
    "a subscription to publish to",
    [actor("A-B", { publishes: ["C-D"] })],
    /"C-D" is a subscription; publish to its topic, "C-"/,
  ],
  [
    "an event type that goes to a subscription",
    [actor("A-B", { publishes: [eventType("C", undefined, { queueName: "C-D" })] })],
    /"C-D" is a subscription; publish to its topic, "C-"/,
  ],
  [
    "an unknown option",
    [actor("A-B", { paralelism: 3 } as ActorOptions)],
    /"paralelism" is not an option; there are name, event, parallelism/,
  ],
  [
    "an unknown retry option",
    [actor("A-B", { retry: { maxAtempts: 3 } as object })],
    /retry.maxAtempts is not an option/,
  ],
  [
    "a middleware that is no function",
    [actor("A-B", { middleware: [undefined] } as unknown as ActorOptions)],
    /middleware must be a list of functions/,
  ],
  [
    "a text for a switch",
    [actor("A-B", { ordered: "no" } as unknown as ActorOptions)],
    /ordered must be true or false/,
  ],
  ["a text for a list", [actor("A-B", { publishes: "C" } as unknown as ActorOptions)], /publishes must be a list/],
  ["an actor that is undefined", [[actor("A-B"), undefined] as never], /undefined is not an actor: is it imported/],
  ["an actor that is null", [null as never], /null is not an actor: name its class/],
  ["an actor that is a number", [5 as never], /5 is not an actor: name its class/],
  ...([5, true, null, new Date(0)] as unknown[]).map(
    (retry) =>
      [
        `${typeof retry} ${String(retry)} for a retry`,
        [actor("A-B", { retry } as ActorOptions)],
        /: retry must be an object of options/,
      ] as const,
  ),
  [
    "a rule that is null",
    [actor("A-B", { supervision: [null] } as unknown as ActorOptions)],
    /supervision: a rule must be an object of options, not null/,
  ],
  [
    "a rule whose retry is a number",
    [actor("A-B", { supervision: [{ on: Error, action: "retry", retry: 5 }] } as unknown as ActorOptions)],
    /supervision: the retry of a rule must be an object of options, not 5/,
  ],
  ["no parallelism", [actor("A-B", { parallelism: 0 })], /parallelism must be a whole number from 1, not 0/],
  ["half a parallelism", [actor("A-B", { parallelism: 1.5 })], /not 1.5/],
  [
    "a lease too short",
    [actor("A-B", { lease: 99 })],
    /lease must be a whole number of ms from 100, at most 100 years, not 99/,
  ],
  ["a lease without end", [actor("A-B", { lease: Infinity })], /not Infinity/],
  ["a wrong retry", [actor("A-B", { retry: { maxAttempts: 0 } })], /retry.maxAttempts/],
  ["two actors on one subscription", [actor("A-B"), actor("A-B")], /Some and Some both read "A-B"/],
  [
    "names that differ in case",
    [actor("Orders-Pay"), actor("Orders-pay")],
    /"Orders-Pay" and "Orders-pay" differ only in case/,
  ],
] as const) {
  test(`${what} is a problem`, async () => {
    assert.match(await problemsOf(...sources), reason);
  });
}

test("an undefined among the actors is refused", async () => {
  const actors = [actor("A-B"), undefined] as HiveOptions["actors"];
  const { message } = await throwsCode("InvalidConfiguration", () => createHive({ actors }));
  assert.match(message, /undefined is not an actor/);
});

test("one error lists many problems, each once", async () => {
  const message = await problemsOf(
    Undecorated,
    actor("A-B-C"),
    actor("X-Y", { parallelism: 0, lease: 1, publishes: ["C-D", "E-F"] }),
  );
  assert.is(message.split("\n  - ").length - 1, 6, message);
});

test("one error lists the problems of actors, pulsers and the journal", async () => {
  const options: HiveOptions = {
    actors: actor("A-B-C"),
    pulsers: [pulse("Tick", { every: 1 })],
    journal: { entries: 1 },
  };
  const { message } = await throwsCode("InvalidConfiguration", () => createHive(options));
  for (const problem of ['Some on "A-B-C"', 'the pulser "Tick"', "journal.entries"]) assert.match(message, problem);
});

test("an inspected error shows a problem once", async () => {
  const options = { actors: actor("A-B", { parallelism: 0 }) };
  const shown = inspect(await throwsCode("InvalidConfiguration", () => createHive(options)));
  assert.is(shown.split("parallelism must be").length - 1, 1, shown);
  assert.match(shown, /^BeeHiveError: /);
});

test("unknown and wrong options of a hive are all reported", async () => {
  const options = {
    actors: actor("A-B"),
    defaults: { paralelism: 3, middleware: () => [] },
    logger: { error() {} },
  } as unknown as HiveOptions;
  const { message } = await throwsCode("InvalidConfiguration", () => createHive(options));
  assert.match(message, "defaults.paralelism is not an option; there are parallelism, lease");
  assert.match(message, "defaults.middleware must be a list");
  assert.match(message, "logger must have the methods debug, info, warn and error; it lacks debug, info, warn");

  const misspelt = { actors: actor("A-B"), journal: { entres: 500 } } as unknown as HiveOptions;
  assert.match(
    (await throwsCode("InvalidConfiguration", () => createHive(misspelt))).message,
    "journal.entres is not an option; there are subject, entries, age",
  );
});

for (const [name, value, problem] of [
  ["defaults", 5, "defaults must be an object of options, not 5"],
  ["defaults", { retry: 5 }, "defaults.retry must be an object of options, not 5"],
  ["defaults", { supervision: [null] }, "defaults.supervision: a rule must be an object of options, not null"],
  ["journal", "5", 'journal must be an object of options, not "5"'],
  ["random", 5, "random must be a function"],
  ["onDelivery", {}, "onDelivery must be a function"],
  ["clock", {}, "clock must have the methods now and after"],
  ["pulsers", 5, "pulsers must be a list"],
  ["pulsers", [5], "a pulser must be an object, not 5"],
] as const) {
  test(`${name}: ${JSON.stringify(value)} makes no hive`, async () => {
    const made = createHive({ publishes: ["T"], [name]: value });
    const { message } = await throwsCode("InvalidConfiguration", () => made);
    assert.ok(message.includes(problem), message);
  });
}

test("the defaults of the hive fill in missing options of an actor", async () => {
  await using hive = await createHive({
    actors: [actor("A-B", { lease: 5_000 })],
    defaults: { lease: 7_000, parallelism: 2, retry: { maxAttempts: 3 } },
  });
  const [descriptor] = hive.descriptors;
  assert.equal(
    [descriptor?.lease, descriptor?.parallelism, descriptor?.retry.maxAttempts, descriptor?.retry.minDelay],
    [5_000, 2, 3, 250],
  );
});

test.run();
