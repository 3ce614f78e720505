import type { Event } from "../../../src/events/event.ts";
import { identityOf } from "../../../src/events/output-id.ts";
import { cancelLabel } from "../../../src/provider-kit/event-row.ts";
import { bytesArray, type Value } from "../database/value.ts";
import type { Commit, ItemUse } from "./commits.ts";
import type { PostgresLease } from "./lease.ts";
import { lineOf, messageOf, type MessageRow } from "./message.ts";
import type { Destination, Subscription } from "./topology.ts";

/** A message that is leased to this process as it is published. */
export interface Handed {
  readonly subscription: Subscription;
  readonly event: Event;
  readonly row: MessageRow;
  readonly token: number;
  readonly leaseMs: number;
}

/** The sources of the parameters of a group. */
export interface CommitParts {
  readonly destination: (event: Event) => Destination;
  /** Returns for how long to lease a new message for a poll of this process; `undefined` for no such poll. */
  readonly reserve: (subscription: Subscription) => number | undefined;
  readonly token: () => number;
}

interface Output {
  readonly step: number;
  readonly known: number;
  readonly subscription: Subscription;
  readonly line: string | null;
  readonly due: number;
  readonly row: MessageRow;
  readonly handed: Handed | undefined;
}

/** An event of a topic that keeps it. */
interface KeptOutput {
  readonly step: number;
  readonly known: number;
  readonly destination: Destination;
  readonly due: number;
  readonly key: string | null;
  readonly row: MessageRow;
  /** By the ids of subscriptions that wait for it. */
  readonly handed: ReadonlyMap<number, Handed>;
}

interface Known {
  readonly step: number;
  readonly destination: number;
  readonly id: string;
}

/** The parameters of `commit_2` for a group, of `commit_3` for one that cancels, or of `commit_4` for a batch. */
export class CommitParameters {
  readonly #leases: { readonly step: number; readonly lease: PostgresLease }[] = [];
  /** The items, in the order of their parameters: the number that the function gives counts from 1. */
  readonly items: { readonly step: number; readonly item: ItemUse }[] = [];
  readonly #known: Known[] = [];
  readonly outputs: Output[] = [];
  readonly kept: KeptOutput[] = [];
  /** Subscriptions that are handed no more events of the log: one that was not is to come first. */
  readonly #full = new Set<number>();
  readonly #publishes: boolean;
  readonly #cancelled: { readonly step: number; readonly label: string }[] = [];
  readonly #isBatch: boolean;

  constructor(group: readonly Commit[], parts: CommitParts) {
    const others = group[0]?.others;
    this.#isBatch = others !== undefined;
    // A batch is alone in its group. Its other leases count as steps of their own, so that a lost one is told.
    others?.forEach((lease, index) => this.#leases.push({ step: index + 1, lease }));
    group.forEach(({ lease, events, pushed, items, cancelled }, step) => {
      for (const key of cancelled ?? []) this.#cancelled.push({ step, label: cancelLabel(key) });
      if (lease) this.#leases.push({ step, lease });
      for (const item of items) this.items.push({ step, item });
      for (const event of events) this.#publish(step, event, pushed || !event.isNew, parts);
    });
    this.#publishes = group.some(({ events }) => events.length > 0);
    // All lock messages in one order, see database/step-functions.ts.
    this.#leases.sort(({ lease: a }, { lease: b }) => a.subscription.id - b.subscription.id || a.id - b.id);
  }

  #publish(step: number, event: Event, mayBeKnown: boolean, parts: CommitParts): void {
    const { destination, reserve, token } = parts;
    const to = destination(event);
    const { id, subscriptions } = to;
    const known = mayBeKnown ? this.#known.push({ step, destination: id, id: identityOf(event) }) : 0;
    if (subscriptions.length === 0 && !to.kept) return;
    const row = messageOf(event);
    const due = event.enqueueTime?.getTime() ?? 0;
    if (to.kept) {
      const handed = this.#hand(to, event, row, parts);
      this.kept.push({ step, known, destination: to, due, key: event.partitionKey ?? null, row, handed });
      return;
    }
    for (const subscription of subscriptions) {
      const line = lineOf(subscription, event);
      const leaseMs = due === 0 && line === null ? reserve(subscription) : undefined;
      const handed = leaseMs === undefined ? undefined : { subscription, event, row, token: token(), leaseMs };
      this.outputs.push({ step, known, subscription, line, due, row, handed });
    }
  }

  /** Leases an event of the log for the polls of its subscriptions. */
  #hand(to: Destination, event: Event, row: MessageRow, { reserve, token }: CommitParts): Map<number, Handed> {
    const handed = new Map<number, Handed>();
    for (const subscription of to.subscriptions) {
      if (this.#full.has(subscription.id)) continue;
      const mayHand = event.enqueueTime === undefined && lineOf(subscription, event) === null;
      const leaseMs = mayHand ? reserve(subscription) : undefined;
      if (leaseMs === undefined) this.#full.add(subscription.id);
      else handed.set(subscription.id, { subscription, event, row, token: token(), leaseMs });
    }
    return handed;
  }

  /** All messages that are leased as they are published, and the steps that publish them. */
  handed(): { readonly step: number; readonly one: Handed }[] {
    const handed = this.outputs.flatMap(({ step, handed: one }) => (one ? [{ step, one }] : []));
    for (const { step, handed: some } of this.kept) for (const one of some.values()) handed.push({ step, one });
    return handed;
  }

  /** The function that takes the parameters. */
  get function(): "commit_2" | "commit_3" | "commit_4" {
    if (this.#isBatch) return "commit_4";
    return this.#cancelled.length === 0 ? "commit_2" : "commit_3";
  }

  /** @param windowMs how long the id of an event is known. */
  values(topology: number, process: number | null, windowMs: number): readonly Value[] {
    const leases = this.#leases;
    const items = this.items.map(({ item }) => item);
    const { outputs, kept } = this;
    const handed = kept.flatMap((one, index) => [...one.handed.values()].map((to) => ({ to, number: index + 1 })));
    return [
      this.#publishes ? topology : null,
      process,
      windowMs,
      leases.map(({ step }) => step),
      leases.map(({ lease }) => lease.id),
      leases.map(({ lease }) => lease.token),
      leases.map(({ lease }) => lease.subscription.id),
      leases.map(({ lease }) => lease.line),
      this.items.map(({ step }) => step),
      items.map(({ key }) => key.table),
      items.map(({ key }) => key.partition),
      items.map(({ key }) => key.id),
      items.map(({ expect }) => (typeof expect === "string" ? expect : "etag")),
      items.map(({ expect }) => (typeof expect === "string" ? null : expect.etag)),
      items.map(({ act }) => act),
      items.map(({ content }) => content?.etag ?? null),
      items.map(({ content }) => content?.modified ?? null),
      items.map(({ content }) => content?.expires ?? null),
      items.map(({ content }) => content?.metadata ?? null),
      items.map(({ content }) => (typeof content?.value === "string" ? content.value : null)),
      bytesArray(items.map(({ content }) => (content && typeof content.value !== "string" ? content.value : null))),
      this.#known.map(({ step }) => step),
      this.#known.map(({ destination }) => destination),
      this.#known.map(({ id }) => id),
      outputs.map(({ step }) => step),
      outputs.map(({ known }) => known),
      outputs.map(({ subscription }) => subscription.id),
      outputs.map(({ line }) => line),
      outputs.map(({ due }) => due),
      outputs.map(({ handed }) => handed?.token ?? null),
      outputs.map(({ handed }) => handed?.leaseMs ?? null),
      outputs.map(({ row }) => row.event),
      outputs.map(({ row }) => row.body),
      bytesArray(outputs.map(({ row }) => row.bytes)),
      kept.map(({ step }) => step),
      kept.map(({ known }) => known),
      kept.map(({ destination }) => destination.id),
      kept.map(({ due }) => due),
      kept.map(({ key }) => key),
      kept.map(({ row }) => row.event),
      kept.map(({ row }) => row.body),
      bytesArray(kept.map(({ row }) => row.bytes)),
      handed.map(({ to }) => to.subscription.id),
      handed.map(({ number }) => number),
      handed.map(({ to }) => to.token),
      handed.map(({ to }) => to.leaseMs),
      ...(this.function === "commit_2"
        ? []
        : [this.#cancelled.map(({ step }) => step), this.#cancelled.map(({ label }) => label)]),
    ];
  }
}
