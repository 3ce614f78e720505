import { once } from "node:events";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Connection, ConnectionOptions, EventContext, Receiver, Sender } from "rhea";
import { systemClock, type Clock } from "../../../src/base/clock.ts";
import { Administration } from "./administration.ts";
import { Namespace } from "./entities.ts";
import { Faults } from "./faults.ts";
import { IncomingLink } from "./incoming-link.ts";
import { manage } from "./management.ts";
import { OutgoingLink } from "./outgoing-link.ts";
import { serveRequests } from "./request-link.ts";
import { acceptAttach, createContainer, refuseAttach, serve, requestedSession } from "./rhea.ts";
import { attachSession } from "./session-attach.ts";
import { isSignedWith } from "./signature.ts";

export interface ServiceBusBrokerOptions {
  /** The key that clients must sign with. @default any key */
  readonly key?: string | undefined;
  readonly clock?: Clock | undefined;
}

/** A link that can be detached. */
interface Detachable {
  end(): void;
  detach(condition: string, description: string): void;
}

type Keep = (link: Detachable, address: string) => void;

const container = createContainer({
  tcp_no_delay: true,
  receiver_options: { credit_window: 0, autoaccept: false },
  sender_options: { autosettle: false, treat_modified_as_released: false },
});

/** Deliveries that may follow an unsettled one. Service Bus has no such limit; the limit of rhea is 2,048. */
const connectionOptions = { session_buffer_size: { outgoing: 1_000_000 } } as unknown as ConnectionOptions;

/**
 * A Service Bus namespace in memory, for tests.
 *
 * Serves AMQP and the administration API on one loopback port, for the clients of `@azure/service-bus`. Has faults on
 * demand, see {@link Faults}. Transactions, forwarding, times to live and filter actions are missing.
 *
 * @example
 * await using broker = await ServiceBusBroker.start();
 * const client = new ServiceBusClient(broker.connectionString);
 */
export class ServiceBusBroker {
  readonly faults: Faults;
  readonly #namespace = new Namespace();
  readonly #server: Server;
  readonly #http: HttpServer;
  readonly #key: string | undefined;
  readonly #clock: Clock;
  readonly #connections = new Set<Connection>();
  readonly #sockets = new Set<Socket>();
  /** The links, with their addresses in lower case. */
  readonly #links = new Map<Detachable, string>();

  private constructor({ key, clock = systemClock }: ServiceBusBrokerOptions) {
    this.faults = new Faults(clock);
    this.#key = key;
    this.#clock = clock;
    const administration = new Administration(this.#namespace, clock, {
      refusal: (authorization) => (this.#isSigned(authorization) ? this.faults.administrationStatus() : 401),
      deleted: (path) => this.#detach(path, "amqp:not-found", `The messaging entity ${path} was deleted.`),
    });
    this.#http = createHttpServer((request, response) => administration.handle(request, response));
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Starts a broker on a free port of the loopback interface. */
  static async start(options: ServiceBusBrokerOptions = {}): Promise<ServiceBusBroker> {
    const broker = new ServiceBusBroker(options);
    broker.#server.listen(0, "127.0.0.1");
    await once(broker.#server, "listening");
    return broker;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The connection string for clients. The administration client must use HTTP, as in the provider's `client.ts`. */
  get connectionString(): string {
    const key = `SharedAccessKeyName=tests;SharedAccessKey=${this.#key ?? "any"}`;
    return `Endpoint=sb://127.0.0.1:${this.port};${key};UseDevelopmentEmulator=true`;
  }

  /** Fault: breaks every connection. Locks last until their end. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Fault: detaches the links of an entity. Messages locked over them can no longer be settled. */
  detachLinks(address: string): void {
    this.#detach(address, "amqp:link:detach-forced", "The link was detached because it was idle.");
  }

  /** Fault: ends every lock at an address, such as `Topic/Subscriptions/Name`. */
  expireLocks(address: string): void {
    this.#namespace.queueAt(address)?.expireLocks();
  }

  /** Closes all connections and the port. */
  async stop(): Promise<void> {
    this.#namespace.close();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#http.close();
    this.dropConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** AMQP and HTTP share the port: an AMQP connection begins with its name. */
  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.once("readable", () => {
      const first: unknown = socket.read();
      if (!Buffer.isBuffer(first)) return;
      socket.unshift(first);
      if (first.subarray(0, 4).toString() === "AMQP") this.#serveAmqp(socket);
      else this.#http.emit("connection", socket);
    });
  }

  #serveAmqp(socket: Socket): void {
    const connection = container.create_connection(connectionOptions);
    connection.setMaxListeners(0);
    this.#connections.add(connection);
    const replyLinks = new Map<string, Sender>();
    const own = new Set<Detachable>();
    const keep = (link: Detachable, address: string): void => {
      own.add(link);
      this.#links.set(link, address.toLowerCase());
    };
    const drop = (): void => void socket.destroy();
    connection.on("receiver_open", ({ receiver }: EventContext) => {
      if (receiver) this.#openReceiver(receiver, replyLinks, keep, drop);
    });
    connection.on("sender_open", ({ sender }: EventContext) => {
      if (sender) this.#openSender(sender, replyLinks, keep, drop);
    });
    for (const event of [
      "connection_error",
      "session_error",
      "sender_error",
      "receiver_error",
      "protocol_error",
      "error",
      "disconnected",
    ]) {
      // The reason why a client leaves needs no reaction.
      connection.on(event, () => {});
    }
    socket.on("close", () => {
      this.#connections.delete(connection);
      for (const link of own) {
        link.end();
        this.#links.delete(link);
      }
    });
    serve(connection, socket);
  }

  /** Opens a link over which a client sends: messages to an entity, or requests. */
  #openReceiver(receiver: Receiver, replyLinks: ReadonlyMap<string, Sender>, keep: Keep, drop: () => void): void {
    const address = String(receiver.target?.address ?? "");
    const replyLink = (name: string): Sender | undefined => replyLinks.get(name);
    if (address === "$cbs") {
      return serveRequests(receiver, replyLink, this.faults, ({ body }) => {
        if (this.faults.dropsClaim()) {
          drop();
          return undefined;
        }
        return this.#isSigned(String(body))
          ? { status: 202 }
          : { status: 401, description: "InvalidSignature: The token has an invalid signature." };
      });
    }
    const [, managed] = /^(.+)\/\$management$/.exec(address) ?? [];
    if (managed !== undefined) {
      const [queue, inlet] = [this.#namespace.queueAt(managed), this.#namespace.inletAt(managed)];
      if (!queue && !inlet) return notFound(receiver, managed);
      return serveRequests(receiver, replyLink, this.faults, (request) =>
        this.faults.ignoresRequest() ? undefined : manage({ queue, inlet }, request),
      );
    }
    const inlet = this.#namespace.inletAt(address);
    if (!inlet) return notFound(receiver, address);
    keep(new IncomingLink(receiver, inlet, this.faults), address);
  }

  /** Opens a link over which a client receives: messages, or replies. */
  #openSender(sender: Sender, replyLinks: Map<string, Sender>, keep: Keep, drop: () => void): void {
    const address = String(sender.source?.address ?? "");
    if (address === "$cbs" || address.endsWith("/$management")) {
      acceptAttach(sender);
      replyLinks.set(sender.name, sender);
      return;
    }
    const queue = this.#namespace.queueAt(address);
    if (!queue) return notFound(sender, address);
    const session = requestedSession(sender);
    if ((session !== undefined) !== queue.settings.requiresSession)
      return refuseAttach(sender, "amqp:not-allowed", session === undefined ? needsSession : hasNoSessions);
    if (session === undefined) keep(new OutgoingLink(sender, queue, this.faults, drop), address);
    else {
      const end = attachSession(sender, { queue, id: session, clock: this.#clock }, (granted) =>
        keep(new OutgoingLink(sender, queue, this.faults, drop, granted), address),
      );
      keep({ end, detach: end }, address);
    }
  }

  #detach(path: string, condition: string, description: string): void {
    const prefix = path.toLowerCase();
    for (const [link, address] of this.#links) {
      if (address !== prefix && !address.startsWith(`${prefix}/`)) continue;
      this.#links.delete(link);
      link.detach(condition, description);
    }
  }

  #isSigned(token: string): boolean {
    return this.#key === undefined || isSignedWith(this.#key, token);
  }
}

const needsSession =
  "It is not possible for an entity that requires sessions to create a non-sessionful message receiver.";
const hasNoSessions =
  "A sessionful message receiver cannot be created on an entity that does not require sessions. " +
  "Ensure RequiresSession is set to true when creating a Queue or Subscription to enable sessionful behavior.";

function notFound(link: Sender | Receiver, address: string): void {
  refuseAttach(link, "amqp:not-found", `The messaging entity '${address}' could not be found.`);
}
