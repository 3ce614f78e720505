import { ServiceBusError, type ServiceBusClient } from "@azure/service-bus";

interface Internals {
  readonly _connectionContext?: ConnectionContext;
}

/** The connection of a client, and what replaces it by the next when it has broken. */
interface ConnectionContext {
  readonly connection?: Connection;
  readonly cbsSession?: Claims;
  refreshConnection?(): void;
}

interface Connection {
  readonly options?: { operationTimeoutInSeconds?: number };
  on(event: "disconnected", listener: () => void): void;
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
 * meanwhile. Here a claim ends with its connection and waits no longer than `timeoutMs`, and the opening of a link a second more.
 * Holds for the connections that follow too. Where the internals are others, nothing happens, and it is the minute.
 */
export function limitWaits(client: ServiceBusClient, timeoutMs: number): void {
  const { _connectionContext: context } = client as unknown as Internals;
  if (!context?.refreshConnection || limited.has(context)) return;
  limited.add(context);
  limitConnection(context, timeoutMs);
  const refresh = context.refreshConnection.bind(context);
  context.refreshConnection = () => {
    refresh();
    limitConnection(context, timeoutMs);
  };
}

function limitConnection({ connection, cbsSession: claims }: ConnectionContext, timeoutMs: number): void {
  if (!connection?.options || !claims?.negotiateClaim) return;
  connection.options.operationTimeoutInSeconds = (timeoutMs + onItsWayMs) / 1000;
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

/** What the SDK tries again by itself, on the next connection. */
function connectionBroke(): ServiceBusError {
  return new ServiceBusError("The connection broke before a link was open.", "ServiceCommunicationProblem");
}
