/** Checks `beehive-actors/nest` beside Nest itself: what its actors are given, and when they stop. */
import "reflect-metadata";
import { deepStrictEqual, strictEqual } from "node:assert";
import {
  actor,
  actorDescription,
  bodyOf,
  collectionStore,
  eventType,
  silentLogger,
  type CollectionStore,
  type Event,
  type ProcessorActor,
} from "beehive-actors";
import { BeeHiveModule, Hive } from "beehive-actors/nest";
import { Inject, Injectable, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";

type Note = { id: string };
const Asked = eventType("Asked", bodyOf<Note>(), { entry: true });
const Notes = collectionStore<Note>("Notes");
const seen: string[] = [];

@Injectable()
class Config {
  readonly provider = "memory:";
}

@Module({ providers: [Config], exports: [Config] })
class ConfigModule {}

@Injectable()
class Gateway {
  made = 0;
}

/** Has a store, so that Nest makes one for each event. */
@Injectable()
@actorDescription("Asked-Write", { retry: { maxAttempts: 1 } })
class WriteActor implements ProcessorActor {
  constructor(
    @Inject(Notes) readonly notes: CollectionStore<Note>,
    @Inject(Gateway) readonly gateway: Gateway,
  ) {
    gateway.made++;
  }

  async processAsync(event: Event) {
    const { id } = Asked.read(event);
    await this.notes.insert({ id });
    if (id === "fails") throw new Error("after the write");
  }

  dispose() {
    seen.push("disposed");
  }
}

/** Has no store, so that Nest makes one for all events. */
@Injectable()
@actorDescription("Asked-Count")
class CountActor implements ProcessorActor {
  #count = 0;

  constructor(@Inject(Gateway) readonly gateway: Gateway) {}

  processAsync() {
    seen.push(`count ${++this.#count}`);
  }

  dispose() {
    seen.push("never");
  }
}

const Plain = actor("Asked-Plain", Asked, { uses: { notes: Notes } }, async ({ body, notes }) => {
  await notes.upsert({ id: `plain ${body.id}` });
});

@Module({
  imports: [
    BeeHiveModule.forRootAsync({
      imports: [ConfigModule],
      inject: [Config],
      useFactory: ({ provider }: Config) => ({ provider, actors: Plain, logger: silentLogger }),
      stores: [Notes],
    }),
  ],
  providers: [Gateway, WriteActor, CountActor],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const hive = app.get(Hive);
await hive.push(["1", "fails"].map((id) => Asked.create({ id })));
await hive.whenIdle();
const notes: string[] = [];
for await (const { id } of hive.store(Notes).all()) notes.push(id);

deepStrictEqual(notes, ["1", "plain 1", "plain fails"], "a failed step writes nothing");
strictEqual(app.get(Gateway).made, 2, "an actor with a store is made for each event");
deepStrictEqual(
  seen.toSorted(),
  ["count 1", "count 2", "disposed", "disposed"],
  "only actors of one event are disposed",
);

await app.close();
await hive.whenStopped();

const web = await NestFactory.createApplicationContext(
  BeeHiveModule.forRoot({ work: false, publishes: [Asked], logger: silentLogger }),
  { logger: false },
);
await web.get(Hive).push(Asked.create({ id: "published" }));
strictEqual((await web.get(Hive).health()).detail.state, "new", "a process that only publishes starts no actors");
await web.close();
