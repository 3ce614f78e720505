/**
 * An Apache Kafka broker of its own: one node of KRaft, on the loopback alone, with its data in a temporary folder that
 * goes when it stops. Its jars come from Maven.
 *
 *     const broker = await startKafka();
 *     const client = kafkaClient({ brokers: broker.address });
 *     await broker.stop();
 */
import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, copyFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../postgres/server.ts";
import { patience } from "../runner/patience.ts";
import { makeCertificates, type Certificates } from "./certificates.ts";

export interface KafkaBroker {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** The folder of the records, one for each partition of a topic. */
  readonly logFolder: string;
  /** Only with users. */
  readonly secure: SecureListeners | undefined;
  /** Ends the broker without a word to anybody, as a crash would. */
  crash(): Promise<void>;
  /** Starts it again on what is on the disk. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface BrokerOptions {
  /** Users with their passwords, which listeners with TLS ask for. @default no such listeners */
  readonly users?: Readonly<Record<string, string>> | undefined;
}

/** The listeners of a broker that ask for more than the address. */
export interface SecureListeners {
  /** Asks for a certificate that the broker trusts. */
  readonly tls: string;
  /** Asks for a user: PLAIN, SCRAM, or OAUTHBEARER with tokens that nobody signed. */
  readonly sasl: string;
  readonly certificates: Certificates;
}

const folder = import.meta.dirname;
const jars = join(folder, "node_modules/.jars");
const startLimitMs = 90_000 * patience;
const fetchLimitMs = 240_000 * patience;
const heap = ["-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
/** The broker says when it is ready, and what goes wrong. */
const logging = ["defaultLogLevel=warn", "log.kafka.server.KafkaRaftServer=info"].map(
  (setting) => `-Dorg.slf4j.simpleLogger.${setting}`,
);

/** Returns why no broker can be started here; `undefined` where one can. */
export function lacking(): string | undefined {
  const [major] = /version "(\d+)/.exec(output("java", ["-version"]) ?? "")?.slice(1) ?? [];
  if (major === undefined) return "java is not installed";
  if (Number(major) < 17) return `Kafka 4 needs Java 17, and this is Java ${major}`;
  return output("mvn", ["--version"]) === undefined ? "mvn is not installed" : undefined;
}

/** Returns whether Java here runs a program from its source. */
export function hasCompiler(): boolean {
  return output("javac", ["-version"]) !== undefined;
}

function output(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync("sh", ["-c", '"$@" 2>&1', "sh", program, ...args], { encoding: "utf8" });
  } catch {
    return undefined;
  }
}

/** Fetches the jars unless they are there. */
export function fetchJars(): void {
  const pom = join(folder, "pom.xml");
  const fetched = join(jars, "pom.xml");
  if (existsSync(fetched) && readFileSync(fetched).equals(readFileSync(pom))) return;
  rmSync(jars, { recursive: true, force: true });
  mkdirSync(jars, { recursive: true });
  const args = ["-q", "-B", "-f", pom, "dependency:copy-dependencies", `-DoutputDirectory=${jars}`];
  execFileSync("mvn", args, { stdio: ["ignore", "ignore", "inherit"], timeout: fetchLimitMs });
  copyFileSync(pom, fetched);
}

export async function startKafka({ users }: BrokerOptions = {}): Promise<KafkaBroker> {
  const data = mkdtempSync(join(tmpdir(), "beehive-kafka-"));
  const [port, controllerPort] = [await freePort(), await freePort()];
  const secure = users && {
    tls: `localhost:${await freePort()}`,
    sasl: `localhost:${await freePort()}`,
    certificates: makeCertificates(data),
  };
  const properties = join(data, "server.properties");
  const logFolder = join(data, "log");
  const listeners = [
    `PLAINTEXT://127.0.0.1:${port}`,
    ...(secure ? [`SSL://${secure.tls}`, `SASL_SSL://${secure.sasl}`] : []),
  ];
  const security = secure ? securitySettings(secure, users) : {};
  writeFileSync(properties, textOf({ ...settings(logFolder, listeners, controllerPort), ...security }));
  const scram = Object.entries(users ?? {}).flatMap(([name, password]) =>
    ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((one) => ["--add-scram", `${one}=[name=${name},password=${password}]`]),
  );
  let server: ChildProcess | undefined;
  const crash = async (): Promise<void> => {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null) return;
    const exited = once(ending, "exit");
    ending.stdin?.end();
    await exited;
  };
  const start = async (): Promise<void> => {
    server = await serve(properties);
  };
  try {
    await java(["kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", properties, ...scram]);
    await start();
  } catch (error) {
    rmSync(data, { recursive: true, force: true });
    throw error;
  }
  return {
    address: `127.0.0.1:${port}`,
    logFolder,
    secure,
    crash,
    start,
    async stop() {
      await crash();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Runs a tool of Kafka. Returns what it printed. */
export function java(args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const all = ["-Xmx256m", "-XX:TieredStopAtLevel=1", ...logging.slice(0, 1), "-cp", `${jars}/*`, ...args];
    const child = execFile("java", all, { maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${args[0]} failed: ${stderr || stdout || error.message}`));
      else resolve(stdout);
    });
    child.stdin?.end(input);
  });
}

/** Resolves when the broker takes connections. It ends when its input does, so that it outlives no parent. */
async function serve(properties: string): Promise<ChildProcess> {
  const script = '"$@" & server=$!; cat >/dev/null; kill -KILL $server; wait $server';
  const args = ["java", ...heap, "-cp", `${jars}/*`, ...logging];
  const child = spawn("sh", ["-c", script, "sh", ...args, "kafka.Kafka", properties], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    const giveUp = (why: string): void => {
      clearTimeout(timer);
      child.stdin?.destroy();
      reject(new Error(`Kafka ${why}: ${said.trim()}`));
    };
    const timer = setTimeout(() => giveUp("did not start in time"), startLimitMs);
    child.once("error", ({ message }) => giveUp(message)).once("exit", () => giveUp("ended"));
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-4_000);
        if (!/Kafka Server started/.test(said)) return;
        clearTimeout(timer);
        resolve();
      });
  });
  return child;
}

type Settings = Readonly<Record<string, string | number | boolean>>;

function settings(log: string, listeners: readonly string[], controllerPort: number): Settings {
  return {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controllerPort}`].join(","),
    "advertised.listeners": listeners.join(","),
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL",
    "log.dirs": log,
    "auto.create.topics.enable": false,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 1,
    "group.initial.rebalance.delay.ms": 0,
    "log.cleaner.backoff.ms": 100,
    "group.min.session.timeout.ms": 1_000,
  };
}

function securitySettings({ certificates }: SecureListeners, users: Readonly<Record<string, string>>): Settings {
  const { brokerKeys, trustedClients, password } = certificates;
  const named = Object.entries(users).map(([name, secret]) => `user_${name}="${secret}"`);
  const of = "org.apache.kafka.common.security";
  const jaas = "sasl.jaas.config";
  return {
    "ssl.keystore.location": brokerKeys,
    "ssl.keystore.type": "PKCS12",
    "ssl.keystore.password": password,
    "ssl.truststore.location": trustedClients,
    "ssl.truststore.type": "PKCS12",
    "ssl.truststore.password": password,
    "listener.name.ssl.ssl.client.auth": "required",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
    [`listener.name.sasl_ssl.plain.${jaas}`]: `${of}.plain.PlainLoginModule required ${named.join(" ")};`,
    [`listener.name.sasl_ssl.scram-sha-256.${jaas}`]: `${of}.scram.ScramLoginModule required;`,
    [`listener.name.sasl_ssl.scram-sha-512.${jaas}`]: `${of}.scram.ScramLoginModule required;`,
    [`listener.name.sasl_ssl.oauthbearer.${jaas}`]: `${of}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  };
}

function textOf(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
