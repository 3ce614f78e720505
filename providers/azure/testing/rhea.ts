import type { Socket } from "node:net";
import rhea, { type Connection, type Container, type Delivery, type Message, type Sender, type link } from "rhea";
import { keepTypes, type RheaTypes } from "../sdk/amqp-types.ts";

/* The parts of rhea that its typings leave out. All untyped code of the broker is here. */

/** A message as rhea decodes it, with application properties and annotations as plain objects. */
export type AmqpMessage = Partial<Message>;

interface LinkInternals {
  readonly local: {
    readonly attach: {
      snd_settle_mode?: number;
      rcv_settle_mode?: number;
      max_message_size?: number;
      properties?: object;
    };
  };
  readonly credit: number;
  readonly _draining: boolean;
  readonly session: {
    readonly outgoing: { readonly next_delivery_id: number; readonly next_pending_delivery: number };
  };
  _get_drain(): boolean;
}

interface Outcomes {
  accepted(): { described(): unknown };
  rejected(fields: { error: unknown }): { described(): unknown };
}

const outcomes = rhea.message as unknown as Outcomes;

/** The largest message of the standard tier, in bytes. */
export const maxMessageBytes = 262_144;

const sessionFilter = "com.microsoft:session-filter";
/** From the year 1, where .NET begins to count, to 1970, in ms. */
const yearOneMs = 62_135_596_800_000;

/** Returns the session id that a receiver requests: `null` for the next free session, `undefined` for none. */
export function requestedSession(sender: Sender): string | null | undefined {
  const filter = (sender.source as { readonly filter?: Readonly<Record<string, unknown>> } | undefined)?.filter;
  if (!filter || !(sessionFilter in filter)) return undefined;
  const id = filter[sessionFilter];
  return typeof id === "string" ? id : null;
}

/** Returns how long a receiver waits for a session, in ms. */
export function maxSessionWait(sender: Sender): number {
  const { properties = {} } = sender as unknown as { readonly properties?: Readonly<Record<string, unknown>> };
  return Number(properties["com.microsoft:timeout"] ?? 60_000);
}

/** Leaves an attach unanswered; returns the function that answers it. */
export function holdAttach(link: link): () => void {
  const held = link as unknown as { _process?: () => void; connection: { _register(): void } };
  held._process = () => {};
  return () => {
    delete held._process;
    held.connection._register();
  };
}

/** Accepts an attach as requested, with the session that is granted. */
export function acceptAttach(link: link, session?: { readonly id: string; readonly until: number }): void {
  const { attach } = (link as unknown as LinkInternals).local;
  link.set_source(session ? { ...link.source, filter: { [sessionFilter]: session.id } } : (link.source ?? {}));
  if (session) {
    const ticks = Buffer.alloc(8);
    ticks.writeBigInt64BE(BigInt(session.until + yearOneMs) * 10_000n);
    attach.properties = { "com.microsoft:locked-until-utc": types.wrap_long(ticks) };
  }
  link.set_target(link.target ?? {});
  attach.snd_settle_mode = link.snd_settle_mode;
  attach.rcv_settle_mode = link.rcv_settle_mode;
  attach.max_message_size = maxMessageBytes;
}

/** Refuses an attach: opens a link without a terminus, then detaches it with the reason. */
export function refuseAttach(link: link, condition: string, description: string): void {
  link.close({ condition, description });
}

/**
 * Returns how many messages may be sent now.
 *
 * rhea reduces the credit only when a message is written, and a message without credit would block all others of its
 * session.
 */
export function sendable(sender: Sender): number {
  const { credit, session } = sender as unknown as LinkInternals;
  return credit - (session.outgoing.next_delivery_id - session.outgoing.next_pending_delivery);
}

/** Returns whether the receiver drains. It wants the messages that are ready, then an end of its credit. */
export function isDraining(sender: Sender): boolean {
  return (sender as unknown as LinkInternals)._draining;
}

/** Reports the end of a drain also when all credit was used, where rhea would be silent. */
export function alwaysAnswerDrain(sender: Sender): void {
  const internals = sender as unknown as LinkInternals;
  const drain = internals._get_drain.bind(internals);
  internals._get_drain = () => drain() || internals._draining;
}

/** Reports the end of a drain at once, where rhea would keep it for the next frame. */
export function reportDrained(sender: Sender): void {
  sender.set_drained(true);
  (sender.connection as unknown as { _register(): void })._register();
}

export function accept(delivery: Delivery): void {
  settle(delivery, outcomes.accepted());
}

export function reject(delivery: Delivery, condition: string, description: string): void {
  settle(delivery, outcomes.rejected({ error: { condition, description } }));
}

/** Settles a delivery. The receiver sends no more about it, so rhea need not wait before it forgets it. */
function settle(delivery: Delivery, outcome: { described(): unknown }): void {
  delivery.update(true, outcome.described());
  (delivery as { remote_settled: boolean }).remote_settled = true;
}

export function encode(message: AmqpMessage): Buffer {
  return rhea.message.encode(message);
}

export function decode(bytes: Buffer): AmqpMessage {
  return rhea.message.decode(bytes) as unknown as AmqpMessage;
}

export const types: typeof rhea.types = rhea.types;
// A broker passes values on unchanged.
keepTypes(types as unknown as RheaTypes);

export function createContainer(options: object): Container {
  return rhea.create_container(options);
}

/** Serves a connection on a socket, and ends its timers when the socket closes. */
export function serve(connection: Connection, socket: Socket): void {
  const internals = connection as unknown as { accept(socket: Socket): void; eof(): void };
  internals.accept(socket);
  socket.on("close", () => internals.eof());
}

export function send(sender: Sender, message: AmqpMessage): void {
  sender.send(message as Message);
}
