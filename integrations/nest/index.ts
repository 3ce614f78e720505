import { ContextIdFactory, DiscoveryModule, DiscoveryService, ModuleRef, REQUEST } from "@nestjs/core";
import { subscriptionsOf, type ActorClass, type AnyActor } from "../../src/actors/actor.ts";
import type { Duration } from "../../src/base/duration.ts";
import type { Stores } from "../../src/contract/stores.ts";
import { createHive, Hive, type HiveOptions } from "../../src/hive/hive.ts";
import type { ActorResolver } from "../../src/actors/injection/container.ts";
import { storeOf, type Token } from "../../src/actors/injection/tokens.ts";

export { Hive };

/** The options of the hive of a Nest application. */
export interface BeeHiveModuleOptions extends Omit<HiveOptions, "container" | "resolve"> {
  /** Actors that are no providers of Nest, such as functions; decorated providers are found. @default [] */
  readonly actors?: HiveOptions["actors"];
  /** The time that actors have to finish when the application shuts down. @default "30s" */
  readonly deadline?: Duration;
}

/** The parts of {@link BeeHiveModule} that Nest must know before it makes the options. */
export interface BeeHiveModuleParts {
  /** Tokens of the stores that providers and controllers inject with `@Inject(Orders)`. @default [] */
  readonly stores?: readonly Token<unknown>[];
  /** Runs actors in this process; `false` in a process that only publishes. @default true */
  readonly work?: boolean;
}

/** Options that a factory makes of providers of Nest. */
export interface BeeHiveModuleFactory extends BeeHiveModuleParts {
  readonly imports?: readonly unknown[];
  readonly inject?: readonly unknown[];
  readonly useFactory: (...injected: never[]) => BeeHiveModuleOptions | Promise<BeeHiveModuleOptions>;
}

/** A dynamic module as Nest imports it. */
export interface NestModule {
  readonly module: typeof BeeHiveModule;
  readonly global: true;
  // oxlint-disable-next-line typescript/no-explicit-any -- its elements are of types of Nest, which the library has none of
  readonly imports: any[];
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  readonly providers: any[];
  readonly exports: (symbol | Function)[];
}

const optionsToken: unique symbol = Symbol("the options of BeeHiveModule");
/** The scope of providers that Nest makes for each request. */
const requestScope = 2;

/**
 * A hive in a Nest application.
 *
 * Finds the providers with `@actorDescription` and makes them by Nest's injector. Starts with the application, and drains
 * when it shuts down, for which `app.enableShutdownHooks()` is needed. `Hive` is injected by its class.
 *
 * @example
 * @Module({
 *   imports: [BeeHiveModule.forRoot({ provider: "sqlite:./hive.db", stores: [Orders] })],
 *   providers: [PaymentActor],
 * })
 * class AppModule {}
 */
export class BeeHiveModule {
  /** Returns the module for options that are known when the code is loaded. */
  static forRoot({ stores = [], work = true, ...options }: BeeHiveModuleOptions & BeeHiveModuleParts = {}): NestModule {
    return BeeHiveModule.forRootAsync({ useFactory: () => options, stores, work });
  }

  /**
   * Returns the module for options that a factory makes.
   *
   * @example
   * BeeHiveModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ provider: config.get("BEEHIVE_PROVIDER") }),
   *   stores: [Orders],
   * })
   */
  static forRootAsync(factory: BeeHiveModuleFactory): NestModule {
    const { imports = [], inject = [], useFactory, stores = [], work = true } = factory;
    return {
      module: BeeHiveModule,
      global: true,
      imports: [DiscoveryModule, ...imports],
      providers: [
        { provide: optionsToken, inject, useFactory },
        { provide: Hive, inject: [optionsToken, DiscoveryService, ModuleRef], useFactory: hiveOf },
        {
          provide: Lifecycle,
          inject: [Hive, optionsToken],
          useFactory: (hive: Hive, { deadline = "30s" }: BeeHiveModuleOptions) => new Lifecycle(hive, work, deadline),
        },
        ...stores.map((token) => ({
          provide: token,
          scope: requestScope,
          inject: [REQUEST, Hive],
          useFactory: (request: unknown, hive: Hive) =>
            storeOf(token, request instanceof EventRequest ? request.stores : hive.provider.stores),
        })),
      ],
      exports: [Hive, ...(stores as readonly symbol[])],
    };
  }
}

/** The "request" of Nest that an event is: its providers get the stores of its step. */
class EventRequest {
  readonly stores: Stores;

  constructor(stores: Stores) {
    this.stores = stores;
  }
}

/** Starts and stops the hive with the application. Nest calls the methods by their names. */
class Lifecycle {
  readonly #hive: Hive;
  readonly #work: boolean;
  readonly #deadline: Duration;

  constructor(hive: Hive, work: boolean, deadline: Duration) {
    this.#hive = hive;
    this.#work = work;
    this.#deadline = deadline;
  }

  async onApplicationBootstrap(): Promise<void> {
    await (this.#work ? this.#hive.start() : this.#hive.setup());
  }

  /** Called when no more requests come, which might publish. */
  async onApplicationShutdown(): Promise<void> {
    await this.#hive.stop({ deadline: this.#deadline });
  }
}

function hiveOf(
  { actors = [], deadline: _deadline, ...options }: BeeHiveModuleOptions,
  discovery: DiscoveryService,
  nest: ModuleRef,
): Promise<Hive> {
  const found = new Map<ActorClass, { isDependencyTreeStatic(): boolean }>();
  for (const wrapper of discovery.getProviders()) {
    const { metatype } = wrapper;
    if (typeof metatype === "function" && subscriptionsOf(metatype).length > 0)
      found.set(metatype as ActorClass, wrapper);
  }
  const resolve: ActorResolver = async (actorType, stores) => {
    const wrapper = found.get(actorType);
    if (!wrapper) return undefined;
    const id = ContextIdFactory.create();
    nest.registerRequestByContextId(new EventRequest(stores), id);
    const made = await nest.resolve<AnyActor>(actorType, id, { strict: false });
    return wrapper.isDependencyTreeStatic() ? shared(made) : made;
  };
  return createHive({ ...options, actors: [...found.keys(), ...[actors].flat()], resolve });
}

/** Returns an actor that the hive does not dispose: Nest made one for all events, because it has no stores. */
function shared(actor: AnyActor): AnyActor {
  if ("processBatchAsync" in actor)
    return { processBatchAsync: (events, context) => actor.processBatchAsync(events, context) };
  return { processAsync: (event, context) => actor.processAsync(event, context) };
}
