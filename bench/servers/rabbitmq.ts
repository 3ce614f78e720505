import { existsSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { connect } from "node:net";
import { freePort, programOnPath, startServer, type Server } from "./server.ts";

/** RabbitMQ with its defaults, except that broker, cluster port and port mapper are on the loopback only. */
export async function startRabbitmq(folder: string, environment: Readonly<Record<string, string>>): Promise<Server> {
  const program = unwrapped(programOnPath("rabbitmq-server", "apt-get install rabbitmq-server"));
  const port = await freePort();
  // RabbitMQ would start a port mapper that outlives it.
  const epmdPort = await freePort();
  const epmd = await startServer(
    programOnPath("epmd", "apt-get install erlang-base"),
    ["-port", String(epmdPort), "-address", "127.0.0.1"],
    { port: epmdPort, folder, environment: {} },
  );
  const configuration = join(folder, "rabbitmq");
  writeFileSync(`${configuration}.conf`, `listeners.tcp.1 = 127.0.0.1:${port}\nlog.console = false\n`);
  writeFileSync(join(folder, "plugins"), "[].\n");
  let version = "";
  const broker = await startServer(program, [], {
    port,
    folder,
    environment: {
      ...environment,
      HOME: folder,
      RABBITMQ_NODENAME: `bench${port}@localhost`,
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
      RABBITMQ_DIST_PORT: String(await freePort()),
      RABBITMQ_CONFIG_FILE: configuration,
      RABBITMQ_CONF_ENV_FILE: join(folder, "none"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "plugins"),
      RABBITMQ_MNESIA_BASE: join(folder, "data"),
      RABBITMQ_LOG_BASE: join(folder, "log"),
      RABBITMQ_PID_FILE: join(folder, "pid"),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(epmdPort),
    },
    ready: async () => {
      version = await greeting(port);
    },
  }).catch(async (error: unknown) => {
    await epmd.stop();
    throw error;
  });
  return {
    port,
    version: `RabbitMQ ${version}`,
    cpuMs: () => broker.cpuMs(),
    async stop() {
      await broker.stop();
      await epmd.stop();
    },
  };
}

/** Debian puts a wrapper on the path that changes the user; the wrapped program stands beside it. */
function unwrapped(program: string): string {
  const real = realpathSync(program);
  const beside = join(dirname(real), "rabbitmq-server");
  return basename(real) === "rabbitmq-script-wrapper" && existsSync(beside) ? beside : program;
}

/** RabbitMQ listens before it is ready. When ready, it responds to the protocol header with its version. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("AMQP\x00\x00\x09\x01"));
    const close = (end: () => void): void => {
      socket.destroy();
      end();
    };
    socket.once("data", (data: Buffer) => {
      const [, version = "of unknown version"] = /versionS[^\d]*([\d.]+)/.exec(data.toString("latin1")) ?? [];
      close(() => resolve(version));
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
    socket.setTimeout(1_000, () => close(() => reject(new Error("no answer"))));
  });
}
