import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../../src/base/clock.ts";
import { messageOf } from "../../../src/base/error-text.ts";
import {
  countDetails,
  description,
  entry,
  escapeXml,
  feed,
  innerXml,
  keyValues,
  problem,
  textElements,
  typeOf,
} from "./atom.ts";
import { Description, type EntityKind } from "./description.ts";
import { Queue, Subscription, Topic, type Namespace, type Receivable } from "./entities.ts";
import { correlationFilter, sqlFilter, type Filter } from "./filter.ts";

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The refusal of a request, with its HTTP status. */
class RefusedRequest extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface AdministrationHooks {
  /** Returns the HTTP status to refuse a request with; `undefined` to serve it. */
  readonly refusal: (authorization: string) => number | undefined;
  /** Called after an entity was deleted, to detach its receivers and senders. */
  readonly deleted: (path: string) => void;
}

/** The HTTP API of `ServiceBusAdministrationClient`: makes, reads, lists and deletes entities. */
export class Administration {
  readonly #namespace: Namespace;
  readonly #clock: Clock;
  readonly #hooks: AdministrationHooks;

  constructor(namespace: Namespace, clock: Clock, hooks: AdministrationHooks) {
    this.#namespace = namespace;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { status, body } = this.#answer(request, Buffer.concat(parts).toString());
      response.writeHead(status, { "content-type": "application/atom+xml;type=entry;charset=utf-8" });
      response.end(body);
    });
  }

  #answer(request: IncomingMessage, body: string): Answer {
    const host = request.headers.host ?? "localhost";
    try {
      const refusal = this.#hooks.refusal(request.headers.authorization ?? "");
      if (refusal !== undefined) throw new RefusedRequest(refusal, `SubCode=${refusal}00. The request is refused.`);
      const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname).slice(1);
      switch (request.method) {
        case "PUT":
          return this.#put(host, path, body, request.headers["if-match"] === "*");
        case "DELETE":
          return this.#delete(path);
        default:
          return { status: 200, body: this.#get(host, path) };
      }
    } catch (error) {
      if (error instanceof RefusedRequest) return { status: error.status, body: problem(error.status, error.message) };
      const message = messageOf(error);
      return { status: 400, body: problem(400, `SubCode=40000. ${message}`) };
    }
  }

  #put(host: string, path: string, body: string, isUpdate: boolean): Answer {
    const { topic, subscription, rule } = partsOf(path);
    if (rule !== undefined) this.#putRule(topic, subscription ?? "", rule, body, isUpdate);
    else if (subscription !== undefined) this.#putSubscription(topic, subscription, body, isUpdate);
    else this.#putEntity(topic, body, isUpdate);
    return { status: isUpdate ? 200 : 201, body: this.#get(host, path) };
  }

  #putEntity(name: string, body: string, isUpdate: boolean): void {
    if (isUpdate) return assertThere(this.#namespace.get(name), name);
    assertNew(this.#namespace.get(name), name);
    const isQueue = body.includes("<QueueDescription");
    const properties = textElements(innerXml(body, isQueue ? "QueueDescription" : "TopicDescription") ?? "");
    const kind: EntityKind = isQueue ? "queue" : "topic";
    this.#namespace.set(new (isQueue ? Queue : Topic)(name, new Description(kind, properties), this.#clock));
  }

  #putSubscription(topicName: string, name: string, body: string, isUpdate: boolean): void {
    const topic = this.#namespace.get(topicName);
    if (!(topic instanceof Topic)) throw new RefusedRequest(404, `SubCode=40400. There is no topic ${topicName}.`);
    const there = topic.subscriptions.get(name.toLowerCase());
    if (isUpdate) return assertThere(there, name);
    assertNew(there, name);
    const xml = innerXml(body, "SubscriptionDescription") ?? "";
    const defaultRule = innerXml(xml, "DefaultRuleDescription");
    const properties = textElements(xml.replace(/<DefaultRuleDescription.*<\/DefaultRuleDescription>/s, ""));
    const subscription = new Subscription(
      `${topic.name}/Subscriptions/${name}`,
      new Description("subscription", properties),
      this.#clock,
    );
    setRule(
      subscription,
      defaultRule === undefined ? "$Default" : (textElements(defaultRule)["Name"] ?? "$Default"),
      defaultRule ?? "",
    );
    topic.subscriptions.set(name.toLowerCase(), subscription);
  }

  #putRule(topic: string, subscriptionName: string, name: string, body: string, isUpdate: boolean): void {
    const subscription = this.#namespace.subscription(topic, subscriptionName);
    if (!subscription)
      throw new RefusedRequest(404, `SubCode=40400. There is no subscription ${topic}/${subscriptionName}.`);
    if (!isUpdate) assertNew(subscription.rules.get(name), name);
    setRule(subscription, name, innerXml(body, "RuleDescription") ?? "");
  }

  #delete(path: string): Answer {
    const { topic, subscription, rule } = partsOf(path);
    assertThere(this.#find(path), path);
    if (rule !== undefined) this.#namespace.subscription(topic, subscription ?? "")?.rules.delete(rule);
    else if (subscription === undefined) this.#namespace.delete(topic);
    else {
      const parent = this.#namespace.get(topic) as Topic;
      parent.subscriptions.get(subscription.toLowerCase())?.close();
      parent.subscriptions.delete(subscription.toLowerCase());
    }
    if (rule === undefined) this.#hooks.deleted(path);
    return { status: 200, body: "" };
  }

  /** Returns an empty feed, and no 404, for a missing entity: as the cloud does. */
  #get(host: string, path: string): string {
    const list = this.#list(path);
    if (list) return feed(list.map(([name, xml]) => entry(host, name, xml)));
    const xml = this.#find(path);
    return xml === undefined ? feed([]) : entry(host, path, xml);
  }

  #list(path: string): [string, string][] | undefined {
    const [, kind] = /^\$Resources\/(Queues|Topics)$/i.exec(path) ?? [];
    if (kind !== undefined) {
      const type = kind.toLowerCase() === "queues" ? Queue : Topic;
      return [...this.#namespace.all()].filter((one) => one instanceof type).map((one) => [one.name, describe(one)]);
    }
    const [, topicName] = /^(.+)\/Subscriptions\/?$/i.exec(path) ?? [];
    if (topicName !== undefined) {
      const topic = this.#namespace.get(topicName);
      return topic instanceof Topic ? [...topic.subscriptions.values()].map((one) => [one.name, describe(one)]) : [];
    }
    const [, owner, name] = /^(.+)\/Subscriptions\/([^/]+)\/Rules\/?$/i.exec(path) ?? [];
    if (owner === undefined || name === undefined) return undefined;
    const rules = this.#namespace.subscription(owner, name)?.rules ?? new Map<string, never>();
    return [...rules].map(([rule, { xml }]) => [`${owner}/Subscriptions/${name}/Rules/${rule}`, xml]);
  }

  #find(path: string): string | undefined {
    const { topic, subscription, rule } = partsOf(path);
    if (subscription === undefined) {
      const entity = this.#namespace.get(topic);
      return entity && describe(entity);
    }
    const found = this.#namespace.subscription(topic, subscription);
    return rule === undefined ? found && describe(found) : found?.rules.get(rule)?.xml;
  }
}

function partsOf(path: string): { topic: string; subscription?: string | undefined; rule?: string | undefined } {
  const [, topic = path, subscription, rule] = /^(.+?)\/Subscriptions\/([^/]+)(?:\/Rules\/([^/]+))?$/i.exec(path) ?? [];
  return { topic, subscription, rule };
}

function setRule(subscription: Subscription, name: string, xml: string): void {
  const filterXml = innerXml(xml, "Filter") ?? "";
  const type = typeOf(xml, "Filter") ?? "TrueFilter";
  const element = `<Filter i:type="${type}">${filterXml || "<SqlExpression>1=1</SqlExpression>"}</Filter>`;
  subscription.rules.set(name, {
    filter: filterOf(typeOf(xml, "Filter"), filterXml),
    xml: description(
      "RuleDescription",
      {},
      `${element}<Action i:type="EmptyRuleAction"></Action><Name>${escapeXml(name)}</Name>`,
    ),
  });
}

function filterOf(type: string | undefined, xml: string): Filter {
  if (type === "CorrelationFilter") {
    const properties = innerXml(xml, "Properties");
    return correlationFilter(
      textElements(xml.replace(/<Properties.*<\/Properties>/s, "")),
      keyValues(properties ?? ""),
    );
  }
  const sql = textElements(xml)["SqlExpression"];
  return sql === undefined || type === "TrueFilter" ? () => true : sqlFilter(sql);
}

function describe(entity: Queue | Topic | Receivable): string {
  const times = Object.fromEntries(
    ["CreatedAt", "UpdatedAt", "AccessedAt"].map((name) => [name, "2020-01-01T00:00:00Z"]),
  );
  const { properties } = entity.description;
  if (entity instanceof Topic) {
    const counts = { ActiveMessageCount: 0, DeadLetterMessageCount: 0, ScheduledMessageCount: entity.inlet.scheduled };
    return description(
      "TopicDescription",
      { ...properties, ...times, SubscriptionCount: String(entity.subscriptions.size) },
      countDetails(counts),
    );
  }
  const scheduled = entity instanceof Queue ? entity.inlet.scheduled : 0;
  const counts = {
    ActiveMessageCount: entity.queue.size,
    DeadLetterMessageCount: entity.deadLetters.size,
    ScheduledMessageCount: scheduled,
  };
  const total = { MessageCount: String(entity.queue.size + entity.deadLetters.size + scheduled) };
  const element = entity instanceof Queue ? "QueueDescription" : "SubscriptionDescription";
  return description(element, { ...properties, ...times, ...total }, countDetails(counts));
}

function assertNew(there: unknown, name: string): void {
  if (there !== undefined) throw new RefusedRequest(409, `SubCode=40900. Conflict. There is a "${name}" already.`);
}

function assertThere(there: unknown, name: string): void {
  if (there === undefined) throw new RefusedRequest(404, `SubCode=40400. There is no "${name}".`);
}
