import { existsSync } from "node:fs";
import { join } from "node:path";
import { arch, execPath, platform } from "node:process";

/** The package with the client of Kafka, and a Node that it runs on. */
export const kafkaFolder: string = import.meta.dirname;

const packaged = join(kafkaFolder, `node_modules/node-${platform}-${arch}/bin/node`);

/** Returns the Node of the package once it is installed; this one where npm has none for the machine. */
export function newerNode(): string {
  return existsSync(packaged) ? packaged : execPath;
}
