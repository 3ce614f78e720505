import { join } from "node:path";
import { freePort, startServer, type Server } from "./server.ts";

const root = join(import.meta.dirname, "../..");

/** SQS and what else a hive asks for when it is set up, in a process of its own: what it takes is not the client's. */
export async function startSqs(): Promise<Server> {
  const port = await freePort();
  const program = join(import.meta.dirname, "sqs-process.ts");
  return startServer(process.execPath, ["--import", "tsx", program, String(port)], {
    port,
    folder: root,
    environment: {},
  });
}
