/**
 * Servers for tests of the Azure provider: a Service Bus broker in this process, and Azurite as a child process.
 *
 * With connection strings in BEEHIVE_TEST_AZURE_SERVICEBUS and BEEHIVE_TEST_AZURE_STORAGE, a real namespace and account.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { clientsFrom } from "../../providers/azure/client.ts";
import { completed } from "../../providers/azure/config.ts";
import type { AzureOptions } from "../../providers/azure/index.ts";
import { ServiceBusBroker } from "../../providers/azure/testing/index.ts";
import { leaseMs, patience } from "../runner/patience.ts";

const account = "devstoreaccount1";
/** The well-known key of Azurite, which opens nothing else. */
const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const startLimitMs = 30_000 * patience;

export interface AzureServers extends AsyncDisposable {
  readonly options: AzureOptions;
  /** The broker; `undefined` when the tests run against the cloud. */
  readonly broker: ServiceBusBroker | undefined;
  /** The shortest lease that the servers give. */
  readonly leaseMs: number;
  /** Returns a new name. Entities with such names are deleted from the cloud at the end. */
  readonly newName: () => string;
}

/** Starts the servers. @param cloud allows the cloud, when the environment has one. @default true */
export async function startAzureServers({ cloud = true }: { readonly cloud?: boolean } = {}): Promise<AzureServers> {
  const { BEEHIVE_TEST_AZURE_SERVICEBUS: serviceBus, BEEHIVE_TEST_AZURE_STORAGE: storage } = process.env;
  const run = `Run${Date.now().toString(36)}${process.pid.toString(36)}`;
  let names = 0;
  const newName = (): string => `${run}n${++names}`;
  if (cloud && serviceBus !== undefined && storage !== undefined) {
    const options = {
      serviceBus: { connectionString: serviceBus },
      storage: { connectionString: storage },
      table: run,
      container: run.toLowerCase(),
      logDelay: 1_000,
    };
    return {
      options,
      broker: undefined,
      leaseMs: 5_000,
      newName,
      [Symbol.asyncDispose]: () => deleteAllOf(run, options),
    };
  }
  const [broker, azurite] = await Promise.all([ServiceBusBroker.start(), startAzurite()]);
  return {
    options: {
      serviceBus: { connectionString: broker.connectionString },
      storage: { connectionString: azurite.connectionString },
      poll: 100,
      logDelay: 50,
      tryTimeout: 1.5 * leaseMs,
      minLock: 100,
    },
    broker,
    leaseMs,
    newName,
    async [Symbol.asyncDispose]() {
      await Promise.all([broker.stop(), azurite.stop()]);
    },
  };
}

/** Deletes the queues, topics, table and container of a run. */
async function deleteAllOf(run: string, options: AzureOptions): Promise<void> {
  const { serviceBus, administration, table, container } = await clientsFrom(completed(options, {}));
  await serviceBus.close();
  for await (const { name } of administration?.listQueues() ?? [])
    if (name.startsWith(`queue-${run}n`)) await administration?.deleteQueue(name);
  for await (const { name } of administration?.listTopics() ?? [])
    if (name.startsWith(`${run}n`)) await administration?.deleteTopic(name);
  await table.deleteTable();
  await container.deleteIfExists();
}

async function startAzurite(): Promise<{ connectionString: string; stop(): Promise<void> }> {
  const script = fileURLToPath(import.meta.resolve("azurite/dist/src/azurite.js"));
  const flags = ["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"];
  const ports = ["blob", "queue", "table"].flatMap((service) => [
    `--${service}Port`,
    "0",
    `--${service}Host`,
    "127.0.0.1",
  ]);
  const child = spawn(process.execPath, [script, ...flags, ...ports], { stdio: ["ignore", "pipe", "inherit"] });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const [blob, table] = await endpointsOf(child);
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${blob}/${account};TableEndpoint=${table}/${account};`,
    async stop() {
      const exited = once(child, "exit");
      process.off("exit", kill);
      kill();
      await exited;
    },
  };
}

/** Reads the endpoints from the output of Azurite. */
function endpointsOf(child: ChildProcess): Promise<[blob: string, table: string]> {
  return new Promise((resolve, reject) => {
    let output = "";
    const timer = setTimeout(() => reject(new Error(`Azurite did not start: ${output}`)), startLimitMs);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`Azurite ended with ${code}: ${output}`));
    });
    child.stdout?.setEncoding("utf8").on("data", (part: string) => {
      output += part;
      const [blob, table] = ["Blob", "Table"].map(
        (service) => new RegExp(`${service} service is successfully listening at (http://\\S+)`).exec(output)?.[1],
      );
      if (blob === undefined || table === undefined) return;
      clearTimeout(timer);
      resolve([blob, table]);
    });
  });
}
