import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The fields of the manifest of beehive-actors that the command line reads. */
export interface OwnManifest {
  readonly name: string;
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** The folder of this package: two levels above the sources, three levels above the build. */
const root = ["../../", "../../../"]
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(new URL("package.json", url))) as URL;

export function ownManifest(): OwnManifest {
  return JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as OwnManifest;
}

/** Returns the path of a file in this package. */
export function ownFile(path: string): string {
  return fileURLToPath(new URL(path, root));
}
