import { ServiceBusError, type ServiceBusClient } from "@azure/service-bus";
import { endClosings, type ClosingConnection } from "./connection-closings.ts";

interface Internals {
  readonly _connectionContext?: ConnectionContext;
}

/** The connection of a client, and what replaces it by the next when it has broken. */
interface ConnectionContext {
  readonly connection?: Connection;
  readonly cbsSession?: Claims;
  refreshConnection?(): void;
  getManagementClient?(entity: string): Management;
}

/** Asks an entity for what is no sending or receiving: to renew a lock, to settle a message whose link is gone. */
interface Management {
  _makeManagementRequest?(request: object, logger: object, options?: RequestOptions): Promise<unknown>;
}

interface RequestOptions {
  readonly timeoutInMs?: number;
}

interface Connection extends ClosingConnection {
  readonly options?: { operationTimeoutInSeconds?: number };
  removeListener(event: "disconnected", listener: () => void): void;
}

/** Shows the token of each link to the service before the link is opened; one after the other. */
interface Claims {
  negotiateClaim?(audience: string, token: string, type: string, options?: ClaimOptions): Promise<unknown>;
}

interface ClaimOptions {
  readonly timeoutInMs?: number;
  readonly abortSignal?: Pick<AbortSignal, "aborted" | "addEventListener" | "removeEventListener">;
}

/** The service answers within the time-out, and its answer is waited for: a session that is granted to nobody stays locked. */
const onItsWayMs = 1_000;
const limited = new WeakSet<ConnectionContext>();

/**
 * Lets a client reconnect at once when its connection breaks while a link is being opened. The SDK (7.9.5) waits a minute for
 * each answer then, with no option for that, and reconnects only when all of them are over: nothing at all is sent or received
 * meanwhile. Here a claim ends with its connection and waits no longer than `timeoutMs`, the opening of a link a second more,
 * and a request of management, which the SDK gives a minute too, no longer either: a lock would be lost meanwhile.
 * Holds for the connections that follow too. Where the internals are others, nothing happens, and it is the minute.
 */
export function limitWaits(client: ServiceBusClient, timeoutMs: number): void {
  const { _connectionContext: context } = client as unknown as Internals;
  if (!context?.refreshConnection || limited.has(context)) return;
  limited.add(context);
  limitConnection(context, timeoutMs);
  limitManagement(context, timeoutMs);
  const refresh = context.refreshConnection.bind(context);
  context.refreshConnection = () => {
    refresh();
    limitConnection(context, timeoutMs);
  };
}

function limitConnection({ connection, cbsSession: claims }: ConnectionContext, timeoutMs: number): void {
  if (!connection?.options || !claims?.negotiateClaim) return;
  connection.options.operationTimeoutInSeconds = (timeoutMs + onItsWayMs) / 1000;
  endClosings(connection);
  let isBroken = false;
  connection.on("disconnected", () => (isBroken = true));
  const negotiate = claims.negotiateClaim.bind(claims);
  claims.negotiateClaim = async (audience, token, type, options = {}) => {
    // Those who waited for their turn when it broke: the SDK would still ask on it.
    if (isBroken) throw connectionBroke();
    const ending = new AbortController();
    const end = (): void => ending.abort();
    if (options.abortSignal?.aborted) end();
    options.abortSignal?.addEventListener("abort", end);
    connection.on("disconnected", end);
    try {
      const timeoutInMs = Math.min(options.timeoutInMs ?? Infinity, timeoutMs);
      return await negotiate(audience, token, type, { ...options, timeoutInMs, abortSignal: ending.signal });
    } catch (error) {
      throw isBroken ? connectionBroke() : error;
    } finally {
      options.abortSignal?.removeEventListener("abort", end);
      connection.removeListener("disconnected", end);
    }
  };
}

function limitManagement(context: ConnectionContext, timeoutMs: number): void {
  if (!context.getManagementClient) return;
  const managementOf = context.getManagementClient.bind(context);
  const limitedClients = new WeakSet<Management>();
  context.getManagementClient = (entity) => {
    const client = managementOf(entity);
    if (!client._makeManagementRequest || limitedClients.has(client)) return client;
    limitedClients.add(client);
    const request = client._makeManagementRequest.bind(client);
    client._makeManagementRequest = (message, logger, options = {}) =>
      request(message, logger, { ...options, timeoutInMs: Math.min(options.timeoutInMs ?? Infinity, timeoutMs) });
    return client;
  };
}

/** What the SDK tries again by itself, on the next connection. */
function connectionBroke(): ServiceBusError {
  return new ServiceBusError("The connection broke before a link was open.", "ServiceCommunicationProblem");
}
