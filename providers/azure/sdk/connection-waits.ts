import { ServiceBusError, type ServiceBusClient } from "@azure/service-bus";
import { endClosings, type ClosingConnection } from "./connection-closings.ts";

interface Internals {
  readonly _connectionContext?: ConnectionContext;
}

/** The connection of a client, and the function that replaces a broken one. */
interface ConnectionContext {
  readonly connection?: Connection;
  readonly cbsSession?: Claims;
  refreshConnection?(): void;
  getManagementClient?(entity: string): Management;
}

/** Requests beside sending and receiving: renewing a lock, settling a message whose link is gone. */
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

/** Presents a token to the service before a link is opened, one after the other. */
interface Claims {
  negotiateClaim?(audience: string, token: string, type: string, options?: ClaimOptions): Promise<unknown>;
}

interface ClaimOptions {
  readonly timeoutInMs?: number;
  readonly abortSignal?: Pick<AbortSignal, "aborted" | "addEventListener" | "removeEventListener">;
}

/** Extra time for a late answer, in ms. A session that is granted after the caller gave up stays locked. */
const onItsWayMs = 1_000;
const limited = new WeakSet<ConnectionContext>();

/**
 * Lets a client reconnect at once when its connection breaks while a link is being opened.
 *
 * The SDK (7.9.5) then waits a minute for each answer, without an option for it, and reconnects only when all waits are
 * over; meanwhile nothing is sent or received. With this, for this connection and all that follow:
 *
 * - a claim ends with its connection, and after `timeoutMs` at the latest;
 * - the opening of a link ends a second later;
 * - a management request, which would also wait a minute, ends after `timeoutMs`, so that no lock is lost meanwhile.
 *
 * With other internals nothing changes, and the minute stays.
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
    // For claims that waited for their turn when the connection broke: the SDK would still send them over it.
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

/** Returns an error that the SDK retries on the next connection. */
function connectionBroke(): ServiceBusError {
  return new ServiceBusError("The connection broke before a link was open.", "ServiceCommunicationProblem");
}
