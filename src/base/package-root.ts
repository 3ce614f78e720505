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

/** Returns the folder of this package: two levels above the sources, three levels above the build. */
function root(): URL {
  const candidates = ["../../", "../../../"].map((path) => new URL(path, import.meta.url));
  return candidates.find((url) => existsSync(new URL("package.json", url))) as URL;
}

export function ownManifest(): OwnManifest {
  return JSON.parse(readFileSync(new URL("package.json", root()), "utf8")) as OwnManifest;
}

/** Returns the path of a file in this package. */
export function ownFile(path: string): string {
  return fileURLToPath(new URL(path, root()));
}

let version: string | undefined;

/** Returns the version of this package; `unknown` in a bundle, which has another manifest or none. */
export function ownVersion(): string {
  if (version !== undefined) return version;
  try {
    const manifest = ownManifest();
    version = manifest.name === "beehive-actors" ? manifest.version : "unknown";
  } catch {
    version = "unknown";
  }
  return version;
}
