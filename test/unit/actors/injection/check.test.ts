import {
  Container,
  inject,
  injectable,
  LazyServiceIdentifier,
  multiInject,
  named,
  optional,
  unmanaged,
  type Newable,
} from "inversify";
import * as assert from "uvu/assert";
import { actorDescription, type ActorClass } from "../../../../src/actors/actor.ts";
import { actorsFrom } from "../../../../src/actors/actors-from.ts";
import { createHive } from "../../../../src/hive/hive.ts";
import { injects, token, type Injectable } from "../../../../src/actors/injection/container.ts";
import { Event } from "../../../../src/events/event.ts";
import { checkInjection } from "../../../../src/actors/injection/check.ts";
import { silentLogger } from "../../../../src/base/logger.ts";
import { counterStore } from "../../../../src/actors/injection/tokens.ts";
import { suite } from "../../../support/suite.ts";
import { throwsCode } from "../../../support/throws.ts";

const test = suite("the check of injection");

const Url = token<string>("Url");

/** A class that is never to be constructed. */
function classOf(name: string, ...dependencies: Injectable[]): Newable {
  const made = {
    [name]: class {
      constructor(..._: unknown[]) {
        throw new Error(`${name} was made`);
      }
    },
  }[name] as Newable;
  injects(...dependencies)(made as never);
  return made;
}

function actorOf(name: string, ...dependencies: Injectable[]): ActorClass {
  const made = classOf(name, ...dependencies) as ActorClass;
  made.prototype.processAsync = async () => [];
  actorDescription(`Checked-${name}`)(made);
  return made;
}

async function check(actor: ActorClass, container?: Container): Promise<readonly string[]> {
  const descriptors = actorsFrom(actor);
  return checkInjection([...descriptors], container).findings.map(({ severity, message }) => `${severity}: ${message}`);
}

const missing = (path: string, name = "Url"): string =>
  `error: ${path} -> ${name}: nothing binds ${name} in the container of the hive`;
const perEvent = (path: string, name: string): string =>
  `warning: ${path}: nothing binds ${name}, so one is made for each event. ` +
  `Make one for all with container.bind(${name}).toSelf().inSingletonScope(), or confirm it with container.bind(${name}).toSelf()`;

test("the path of a token that is missing deep below is named", async () => {
  const actor = actorOf("Payment", classOf("Gateway", classOf("Http", Url, token("Key"))));
  const found = await check(actor);
  assert.equal(
    found.filter((one) => one.startsWith("error")),
    [missing("Payment -> Gateway -> Http"), missing("Payment -> Gateway -> Http", "Key")],
  );
});

test("several of an unbound token are an empty array", async () => {
  const Many = classOf("Many");
  multiInject(Url)(Many, undefined, 0);
  const container = new Container();
  container.bind(Many).toSelf();
  assert.equal(await check(actorOf("A", Many), container), []);
});

test("dependencies missing below bound classes are found", async () => {
  const Gateway = token("Gateway");
  const Alias = token("Alias");
  const Computed = token("Computed");
  const container = new Container();
  container.bind(Gateway).to(classOf("StripeGateway", Url));
  container.bind(Alias).toService(Gateway);
  container.bind(Computed).toResolvedValue((url: unknown) => url, [Url]);
  assert.equal(await check(actorOf("A", Gateway), container), [missing("A -> Gateway")]);
  assert.equal(await check(actorOf("B", Alias), container), [missing("B -> Alias -> Gateway")]);
  assert.equal(await check(actorOf("C", Computed), container), [missing("C -> Computed")]);
  container.bind(Url).toConstantValue("https://example.com");
  for (const actor of [actorOf("D", Gateway), actorOf("E", Alias), actorOf("F", Computed)])
    assert.equal(await check(actor, container), []);
});

test("bindings of a parent container count", async () => {
  const parent = new Container();
  parent.bind(Url).toConstantValue("https://example.com");
  assert.equal(await check(actorOf("Child", Url), new Container({ parent })), []);
});

test("an unbound class gets one warning with the way to bind it", async () => {
  const Http = classOf("Http");
  const Gateway = classOf("Gateway", Http);
  assert.equal(await check(actorOf("Payment", Gateway, Http)), [
    perEvent("Payment -> Gateway -> Http", "Http"),
    perEvent("Payment -> Gateway", "Gateway"),
  ]);
  const container = new Container();
  container.bind(Gateway).toSelf().inSingletonScope();
  container.bind(Http).toSelf();
  assert.equal(await check(actorOf("Refund", Gateway), container), []);
});

test("an unbound class with stores is made for each event on purpose", async () => {
  const Repository = classOf("Repository", counterStore);
  assert.equal(await check(actorOf("Reads", classOf("Service", Repository))), []);
  const container = new Container();
  container.bind(Repository).toSelf().inSingletonScope();
  const [warning, ...others] = await check(actorOf("Keeps", Repository), container);
  assert.match(warning ?? "", /^warning: Keeps -> Repository is a singleton with a store injected/);
  assert.equal(others, []);
});

test("an @injectable singleton gets no warning", async () => {
  @injectable("Singleton")
  class Pool {}
  assert.equal(await check(actorOf("Pooled", Pool)), []);
});

test("each of inversify's own decorators is understood", async () => {
  @injectable()
  class Gateway {
    @inject(new LazyServiceIdentifier(() => Url)) readonly url!: string;
    constructor(
      @inject(token("Maybe")) @optional() readonly maybe: unknown,
      @multiInject(Url) readonly urls: string[],
      @unmanaged() readonly port = 80,
    ) {}
  }
  const actor = actorOf("Decorated", Gateway);
  const errors = async (container: Container): Promise<readonly string[]> =>
    (await check(actor, container)).filter((one) => one.startsWith("error"));
  const path = "Decorated -> Gateway";
  assert.equal(await errors(new Container()), [missing(path)]);
  const container = new Container();
  container.bind(Url).toConstantValue("one");
  assert.equal(await errors(container), []);
  container.bind(Url).toConstantValue("two");
  assert.equal(await errors(container), [`error: ${path} -> Url: the container binds Url 2 times; bind it once`]);
});

test("a binding by name does not serve another name", async () => {
  @injectable()
  class Gateway {
    constructor(@inject(Url) @named("live") readonly url: string) {}
  }
  const container = new Container();
  container.bind(Gateway).toSelf();
  container.bind(Url).toConstantValue("test").whenNamed("test");
  assert.equal(await check(actorOf("Named", Gateway), container), [missing("Named -> Gateway")]);
  container.bind(Url).toConstantValue("live").whenNamed("live");
  assert.equal(await check(actorOf("Found", Gateway), container), []);
});

test("classes that need each other are named as a circle", async () => {
  const Loop = token("Loop");
  const First = classOf("First", Loop);
  const container = new Container();
  container.bind(Loop).to(classOf("Second", First));
  const [problem] = await check(actorOf("Circular", First), container);
  assert.is(problem, "error: Circular -> First -> Loop -> First is a circle: none of them can be made first");
});

test("each undescribed constructor is an error", async () => {
  class Bare {
    constructor(readonly url: string) {}
  }
  @injects(Bare)
  class Base {
    constructor(readonly bare: Bare) {}
  }
  class Inherits extends Base {
    readonly own = 1;
  }
  class Passes extends Base {
    constructor() {
      super(new Bare("https://example.com"));
    }
  }
  @injects(Url)
  class Partial {
    constructor(
      readonly url: string,
      readonly port?: number,
    ) {}
  }
  @injects(Url)
  class Default {
    constructor(
      readonly url: string,
      readonly port: number = 80,
    ) {}
  }
  const container = new Container();
  container.bind(Url).toConstantValue("https://example.com");
  container.bind<object>(Passes).toSelf();
  const errors = async (name: string, type: Newable): Promise<readonly string[]> =>
    (await check(actorOf(name, type), container)).filter((one) => one.startsWith("error"));
  assert.equal(await errors("A", Bare), [
    "error: A -> Bare has a constructor with parameters but no @injects that names them",
  ]);
  assert.equal(await errors("B", Inherits), [
    "error: B -> Inherits inherits the constructor of Base, whose @injects is not inherited: decorate it too",
  ]);
  assert.equal(await errors("C", Passes), []);
  assert.equal(await errors("D", Partial), [
    "error: D -> Partial has a constructor with 2 parameters and @injects names 1; a parameter with a default value need not be named",
  ]);
  assert.equal(await errors("E", Default), []);
  assert.match((await errors("F", Object))[0] ?? "", /^error: F -> Object: nothing binds Object/);
});

test("a starting hive warns once and makes nothing", async () => {
  let made = 0;
  class Mailer {
    constructor() {
      made++;
    }
  }
  @injects(Mailer)
  class Welcome {
    constructor(readonly mailer: Mailer) {}
    async processAsync(): Promise<void> {}
  }
  actorDescription("Arrived-Welcome")(Welcome);
  actorDescription("Returned-Welcome")(Welcome);
  const warnings: unknown[] = [];
  const logger = { ...silentLogger, warn: (fields: object, text: string) => void warnings.push([fields, text]) };
  await using hive = await createHive({ actors: Welcome, logger });
  await hive.start();
  assert.is(made, 0);
  await hive.push([new Event("Arrived"), new Event("Arrived")]);
  await hive.whenIdle();
  assert.is(made, 2);
  assert.equal(warnings, [[{ actor: "Welcome" }, perEvent("Welcome -> Mailer", "Mailer").replace("warning: ", "")]]);
});

test("a missing dependency fails the delivery of a host at once", async () => {
  await using hive = await createHive({ actors: actorOf("Hosted", classOf("Gateway", Url)), logger: silentLogger });
  await hive.setup();
  await hive.push(new Event("Checked"));
  const [lease] = await hive.provider.queues.lease(hive.descriptors[0]?.queueName as never, {
    max: 1,
    leaseMs: 10_000,
    waitMs: 1_000,
    signal: new AbortController().signal,
  });
  const { message } = await throwsCode("InvalidConfiguration", () => hive.deliver(lease as never));
  assert.match(message, "Hosted -> Gateway -> Url");
});

test.run();
