import { join } from "node:path";
import { freePort, startServer, type Server } from "./server.ts";

const root = join(import.meta.dirname, "../..");

/** SQS, and the services that a set-up calls, in their own process, so that their time does not count. */
export async function startSqs(): Promise<Server> {
  const port = await freePort();
  const program = join(import.meta.dirname, "sqs-process.ts");
  return startServer(process.execPath, ["--import", "tsx", program, String(port)], {
    port,
    folder: root,
    environment: {},
  });
}
