import type { Clock } from "../../base/clock.ts";
import { isBeeHiveError } from "../../base/errors.ts";
import type { Provider } from "../../contract/provider.ts";
import type { CollectionStore, HeldLock, Identified, Stored } from "../../contract/stores.ts";
import { Acts } from "../../controls/acts.ts";
import type { ByOperator } from "../../controls/controls.ts";
import { assertAct, operatorProblems } from "../../controls/checks.ts";
import { isAlive, type Member, type PlacementPlan } from "./placement.ts";

/** The placement of actors, as processes keep it in the stores of their provider. */
export interface Placement {
  readonly plan: PlacementPlan | undefined;
  /** The processes at work, the longest-running first. */
  readonly members: readonly Member[];
  /** Set while no actor moves. */
  readonly frozen: { readonly by: string; readonly since: Date } | undefined;
}

interface Row extends Identified {
  readonly member?: Member;
  readonly plan?: PlacementPlan;
  readonly frozen?: { readonly by: string; readonly since: number };
}

const planId = "plan";
const frozenId = "frozen";
const locksOf = "HivePlacement";

/** Keeps processes, plan and freeze in one collection, which is read by one request; locks say who works. */
export class PlacementStore {
  readonly #rows: CollectionStore<Row>;
  readonly #provider: Pick<Provider, "stores">;
  readonly #clock: Clock;
  #plan: Stored<Row> | undefined;

  constructor(provider: Pick<Provider, "stores">, clock: Clock) {
    this.#provider = provider;
    this.#clock = clock;
    this.#rows = provider.stores.collection<Row>("HivePlacement");
  }

  async read(): Promise<Placement & { readonly gone: readonly Member[] }> {
    const members: Member[] = [];
    let frozen: Placement["frozen"];
    this.#plan = undefined;
    for await (const row of this.#rows.all()) {
      if (row.member) members.push(row.member);
      if (row.id === planId) this.#plan = row;
      if (row.frozen) frozen = { by: row.frozen.by, since: new Date(row.frozen.since) };
    }
    const now = this.#clock.now();
    const living = members.filter((member) => isAlive(member, now)).toSorted((a, b) => a.started - b.started);
    return { plan: this.#plan?.plan, members: living, frozen, gone: members.filter((one) => !living.includes(one)) };
  }

  async beat(member: Member): Promise<void> {
    await this.#rows.upsert({ id: memberId(member.id), member });
  }

  async remove(id: string): Promise<void> {
    await this.#rows.delete(memberId(id)).catch(() => {});
  }

  /** Replaces the plan that was read. Returns whether no other process did. */
  async write(plan: PlacementPlan): Promise<boolean> {
    try {
      if (this.#plan) this.#plan = await this.#rows.update({ ...this.#plan, plan });
      else this.#plan = await this.#rows.insertIfAbsent({ id: planId, plan });
      return this.#plan !== undefined;
    } catch (error) {
      if (isBeeHiveError(error, "ConcurrencyConflict")) return false;
      throw error;
    }
  }

  /** Returns the lock of the process that plans, if no other has it. */
  lead(ttl: number): Promise<HeldLock | undefined> {
    return this.#provider.stores.locks.tryLock(`${locksOf}/lead`, { ttl });
  }

  /** Returns the lock of the process that works on a subscription, if no other has it. */
  own(queue: string, ttl: number): Promise<HeldLock | undefined> {
    return this.#provider.stores.locks.tryLock(`${locksOf}/of/${queue}`, { ttl });
  }

  async freeze({ by }: ByOperator): Promise<void> {
    assertAct("freeze", "stages", operatorProblems(by));
    await this.#rows.upsert({ id: frozenId, frozen: { by, since: this.#clock.now() } });
    await this.#record(by, "freeze");
  }

  /** Returns whether the placement was frozen. */
  async unfreeze({ by }: ByOperator): Promise<boolean> {
    assertAct("unfreeze", "stages", operatorProblems(by));
    const frozen = await this.#rows.exists(frozenId);
    if (!frozen) return false;
    await this.#rows.delete(frozenId);
    await this.#record(by, "unfreeze");
    return true;
  }

  #record(by: string, act: string): Promise<void> {
    const acts = new Acts(this.#provider.stores, this.#clock);
    return acts.record({ by, act, on: "stages", detail: undefined });
  }
}

function memberId(id: string): string {
  return `member/${id}`;
}
