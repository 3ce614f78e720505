import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What is read of the manifest of beehive-actors. */
export interface OwnManifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** The folder of this package: from the sources two up, from what was built three. */
const root = ["../../", "../../../"]
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(new URL("package.json", url))) as URL;

export function ownManifest(): OwnManifest {
  return JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as OwnManifest;
}

/** A path within this package. */
export function ownFile(path: string): string {
  return fileURLToPath(new URL(path, root));
}
