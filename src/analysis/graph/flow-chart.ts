import type { EventGraph, Publication, Publisher, Subscription } from "./event-graph.ts";
import type { QueueName } from "../../events/queue-name.ts";

export type ChartNodeKind = "actor" | "topic" | "queue" | "pulser" | "outside";

export interface ChartNode {
  /** Letters, digits and underscores, made of kind and name only, so that it is stable. */
  readonly id: string;
  readonly kind: ChartNodeKind;
  readonly lines: readonly string[];
}

export interface ChartEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: "publishes" | "reads";
  readonly label: string;
  /** `undeclared`: observed only. `unseen`: declared only. */
  readonly doubt: "undeclared" | "unseen" | undefined;
}

/** The graph as nodes and edges, for tools that draw flow charts. */
export interface FlowChart {
  readonly nodes: readonly ChartNode[];
  readonly edges: readonly ChartEdge[];
}

export function flowChart({ queues, actors, pulsers, publications, subscriptions }: EventGraph): FlowChart {
  const ids = new Ids();
  const publisherId = ({ kind, name }: Publisher): string => (kind === "outside" ? kind : ids.of(kind, name));
  const queueId = (name: QueueName): string => ids.of(name.kind, name.topic);
  const isFed = publications.some(({ from }) => from.kind === "outside");
  return {
    nodes: [
      ...(isFed ? [{ id: "outside", kind: "outside", lines: ["outside"] } as const] : []),
      ...pulsers.map(
        ({ name, schedule }) => ({ id: ids.of("pulser", name), kind: "pulser", lines: [name, schedule] }) as const,
      ),
      ...queues.map(({ name }) => ({ id: queueId(name), kind: kindOf(name), lines: [name.topic] })),
      ...actors.map(
        ({ name }) => ({ id: ids.of("actor", name), kind: "actor", lines: [name || "anonymous"] }) as const,
      ),
    ],
    edges: [
      ...publications.map((one) => ({
        from: publisherId(one.from),
        to: queueId(one.to),
        kind: "publishes" as const,
        label: one.count === undefined ? "" : countText(one.count),
        doubt: doubtOf(one),
      })),
      ...subscriptions.map((one) => ({
        from: queueId(one.queueName.destination),
        to: ids.of("actor", one.actor),
        kind: "reads" as const,
        label: isTelling(one) ? one.queueName.subscription : "",
        doubt: undefined,
      })),
    ],
  };
}

/** Returns whether the name of a subscription says more than the name of its actor. */
export function isTelling({ queueName, actor }: Subscription): boolean {
  return (
    queueName.kind === "subscription" && withoutSuffix(actor).toLowerCase() !== queueName.subscription.toLowerCase()
  );
}

/** Returns `Payment` for `PaymentActor`. */
export function withoutSuffix(actor: string): string {
  return actor.length > 5 && actor.endsWith("Actor") ? actor.slice(0, -5) : actor;
}

export function doubtOf({ declared, count }: Publication): ChartEdge["doubt"] {
  if (!declared) return "undeclared";
  return count === 0 ? "unseen" : undefined;
}

/** Returns `1,234` in any locale. */
export function countText(count: number): string {
  return count.toLocaleString("en-US");
}

function kindOf({ kind }: QueueName): "topic" | "queue" {
  return kind === "queue" ? kind : "topic";
}

/** Gives each name a unique id of letters, digits and underscores. */
class Ids {
  readonly #ids = new Map<string, string>();
  readonly #taken = new Set<string>();

  of(kind: string, name: string): string {
    const key = `${kind} ${name}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const plain = `${kind}_${name.replaceAll(/\W/g, "_")}`;
    let id = plain;
    for (let number = 2; this.#taken.has(id); number++) id = `${plain}_${number}`;
    this.#taken.add(id);
    this.#ids.set(key, id);
    return id;
  }
}
