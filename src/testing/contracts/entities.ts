import assert from "node:assert/strict";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { entities, entity, type EntityChange, type EntityService } from "../../entities/index.ts";
import { QueueName } from "../../events/queue-name.ts";
import { storeOf } from "../../actors/injection/tokens.ts";
import { rejectsWith } from "./assertions.ts";
import type { ContractCase, ContractSubject } from "./contract.ts";
import { ScratchQueue } from "./scratch-queue.ts";

interface Team {
  readonly name: string;
}

interface Player {
  readonly name: string;
  readonly team: string;
  readonly points: number;
}

type PlayerChange = EntityChange<Player & { readonly id: string; readonly version: number }>;

/** A schema that takes anything. */
function any<T>(): StandardSchemaV1<T> {
  return { "~standard": { version: 1, vendor: "beehive-actors", validate: (value) => ({ value: value as T }) } };
}

/** Declared entities of two types, and a subscription to the changes of the players. */
class Scene {
  readonly team: string;
  readonly player: string;
  readonly service: EntityService<Record<string, StandardSchemaV1<Team>>>;
  readonly changes: ScratchQueue;

  private constructor({ provider, newName }: ContractSubject, team: string, player: string, changes: ScratchQueue) {
    const Player = entity(any<Player>(), { references: { team }, indexes: ["points"] });
    const declared = entities(newName(), { [team]: any<Team>(), [player]: Player });
    this.team = team;
    this.player = player;
    this.service = storeOf(declared.token, provider.stores);
    this.changes = changes;
  }

  static async set(subject: ContractSubject): Promise<Scene> {
    const [team, player] = [capital(subject.newName()), capital(subject.newName())];
    const specs = [`${team}Changed-All`, `${player}Changed-All`].map(QueueName.parse.bind(QueueName));
    const [, changes] = await ScratchQueue.all(subject, specs);
    return new Scene(subject, team, player, changes as ScratchQueue);
  }

  get teams(): EntityService<{ Team: StandardSchemaV1<Team> }>["Team"] {
    return this.service[this.team] as never;
  }

  get players(): EntityService<{ Player: StandardSchemaV1<Player> }>["Player"] {
    return this.service[this.player] as never;
  }

  createGraph(entries: readonly object[]): Promise<unknown> {
    return this.service.createGraph(entries as never);
  }

  async withTeam(): Promise<this> {
    await this.teams.create({ id: "red", name: "Red" });
    return this;
  }

  /** Waits for changes of players, and returns them in the order of ids and versions. */
  async taken(count: number): Promise<readonly string[]> {
    const bodies = (await this.changes.take(count)).map(({ event }) => event.getBody<PlayerChange>());
    return bodies.map(({ id, act, version }) => `${id} ${act} ${version}`).toSorted();
  }
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

const player = { name: "Ada", team: "red", points: 1 };

const cases: readonly ContractCase[] = [
  {
    name: "each change of an entity is published with its version",
    async run(subject) {
      const scene = await (await Scene.set(subject)).withTeam();
      const { players } = scene;
      await players.create({ id: "ada", ...player });
      await players.patch("ada", { points: 2 });
      await players.delete("ada");
      await players.create({ id: "ada", ...player });
      assert.equal((await players.get("ada")).version, 4);
      assert.deepEqual(await scene.taken(4), ["ada created 1", "ada created 4", "ada deleted 3", "ada updated 2"]);
    },
  },
  {
    name: "concurrent patches of an entity are all applied",
    async run(subject) {
      const { players } = await (await Scene.set(subject)).withTeam();
      await players.create({ id: "ada", ...player });
      const patches = [{ points: 5 }, { name: "A" }, { points: 7 }, { name: "B" }];
      const versions = await Promise.all(patches.map(async (patch) => (await players.patch("ada", patch)).version));
      assert.deepEqual(
        versions.toSorted((a, b) => a - b),
        [2, 3, 4, 5],
      );
    },
  },
  {
    name: "a graph is stored with all its events",
    async run(subject) {
      const scene = await Scene.set(subject);
      await scene.createGraph([
        { type: scene.player, create: { id: "ada", ...player, team: "#red" } },
        { type: scene.player, create: { id: "bob", ...player, team: "#red" } },
        { type: scene.team, as: "red", create: { id: "red", name: "Red" } },
      ]);
      assert.equal((await scene.players.get("ada")).team, "red");
      assert.deepEqual(await scene.taken(2), ["ada created 1", "bob created 1"]);
    },
  },
  {
    name: "a refused graph leaves nothing, and no event",
    async run(subject) {
      const scene = await (await Scene.set(subject)).withTeam();
      await scene.players.create({ id: "ada", ...player });
      const entries = [
        { type: scene.player, create: { id: "bob", ...player } },
        { type: scene.player, id: "ada", patch: { points: 2 }, version: 7 },
      ];
      await rejectsWith("ConcurrencyConflict", () => scene.createGraph(entries));
      assert.equal(await scene.players.find("bob"), undefined);
      assert.deepEqual(await scene.taken(1), ["ada created 1"]);
      await scene.changes.assertSilent();
    },
  },
  {
    name: "a graph of 40 entities is stored whole, or refused with the limit",
    async run(subject) {
      const scene = await (await Scene.set(subject)).withTeam();
      const entries = Array.from({ length: 40 }, (_, n) => ({
        type: scene.player,
        create: { id: `p${n}`, ...player },
      }));
      if (!subject.provider.stores.publishPending) {
        await scene.createGraph(entries);
        assert.equal((await scene.players.list()).items.length, 40);
        return;
      }
      const { message } = await rejectsWith("TooLarge", () => scene.createGraph(entries));
      assert.match(message, /takes 100 in one transaction/);
      assert.deepEqual((await scene.players.list()).items, []);
    },
  },
  {
    name: "an index lists entities by their present value",
    async run(subject) {
      const { players } = await (await Scene.set(subject)).withTeam();
      for (const points of [10, 9, -1]) await players.create({ id: `p${points}`, ...player, points });
      await players.patch("p9", { points: 11 });
      const ids = async (query: object): Promise<string[]> => (await players.list(query)).items.map(({ id }) => id);
      assert.deepEqual(await ids({ by: "points" }), ["p-1", "p10", "p9"]);
      assert.deepEqual(await ids({ by: "points", from: 0, to: 11 }), ["p10"]);
      await players.delete("p10");
      assert.deepEqual(await ids({ by: "points", equals: 10 }), []);
    },
  },
  {
    name: "a new reference and a deletion that meet do not both happen",
    async run(subject) {
      const { teams, players } = await Scene.set(subject);
      for (let n = 0; n < 5; n++) {
        await teams.create({ id: `t${n}`, name: "T" });
        const [made, deleted] = await Promise.allSettled([
          players.create({ id: `p${n}`, ...player, team: `t${n}` }),
          teams.delete(`t${n}`),
        ]);
        assert.notEqual(made.status, deleted.status);
      }
    },
  },
];

/** The contract of entities on a provider with `stores.transact`; one without it has no case. */
export const entitiesContract: readonly ContractCase[] = cases.map(({ name, run }) => ({
  name,
  run: async (subject: ContractSubject): Promise<void> => {
    if (subject.provider.stores.transact) await run(subject);
  },
}));
