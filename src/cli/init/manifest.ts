import { isBuiltin } from "node:module";
import { basename } from "node:path";
import { ownManifest } from "../../base/package-root.ts";
import { packagesOf, type Choices } from "./choices.ts";

/** The version of vitest that `npm run check:adoption` runs. */
const vitest = "3.2.4";

/** Returns the version range of this release. */
export function packageSpec(): string {
  return `^${ownManifest().version}`;
}

/**
 * Returns the package.json of a starter.
 *
 * `npm start` runs the build, so it needs no development dependencies. The tools have the versions that this release
 * was tested with. libsql is added where Node has no SQLite.
 *
 * @param spec The version or source of beehive-actors to install.
 */
export function starterManifest(folder: string, spec: string, { provider, runner }: Choices): string {
  const { dependencies, devDependencies: tested, peerDependencies } = ownManifest();
  const sqlite = isBuiltin("node:sqlite") ? {} : { libsql: peerDependencies["libsql"] };
  const tools = ["@types/node", "tsx", "typescript"].map((name) => [name, tested[name]] as const);
  const isVitest = runner === "vitest";
  const manifest = {
    name: nameOf(folder),
    version: "0.0.0",
    private: true,
    type: "module",
    scripts: {
      dev: "beehive dev",
      build: "tsc -p tsconfig.build.json",
      start: "beehive run dist/actors.js",
      push: "beehive push CustomerRegistered- customers.ndjson",
      test: isVitest ? "vitest run" : "node --import tsx --test src/actors.test.ts",
      typecheck: "tsc",
    },
    dependencies: { ...packagesOf(provider), "beehive-actors": spec, ...sqlite, valibot: dependencies["valibot"] },
    devDependencies: { ...Object.fromEntries(tools), ...(isVitest && { vitest }) },
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Returns the name of the folder, reduced to the characters that npm allows. */
function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z\d._-]+/g, "-")
    .replace(/^[._-]+|-+$/g, "");
  return name === "" ? "hive" : name;
}
