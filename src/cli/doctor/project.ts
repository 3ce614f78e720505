import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { twoCopies } from "../../base/brand.ts";
import { messageOf } from "../../base/error-text.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { ownFile, ownManifest } from "../../base/package-root.ts";
import { problem, warning, well, type Finding } from "./finding.ts";

/** Checks Node against the range that this package supports. @param version such as `22.18.0` */
export function nodeFinding(version: string): Finding {
  const least = ownManifest().engines.node.replace(/^>=/, "");
  const text = `Node ${version}`;
  return isAtLeast(version, least)
    ? well("Node", text)
    : problem("Node", `${text}, and beehive-actors needs ${least} or later`, "install a newer Node, such as the LTS");
}

/** Checks that a project installs beehive-actors, and only one copy of it. */
export function packageFindings(folder: string): Finding[] {
  const installed = packageFolder(folder, "beehive-actors");
  if (installed === undefined) {
    const text = `this folder and those above install no beehive-actors; the command line is ${ownManifest().version}`;
    return [warning("package", text, "run npm install beehive-actors in the project, or go to its folder")];
  }
  const copies = [...new Set([installed, ...nestedCopies(projectFolder(installed))])];
  const versions = copies.map((copy) => `${manifestIn(copy).version} in ${copy}`);
  if (copies.length > 1) return [warning("package", `there are copies: ${versions.join(", ")}`, twoCopies)];
  const own = realpathSync(dirname(ownFile("package.json")));
  return installed === own
    ? [well("package", `beehive-actors ${manifestIn(installed).version}`)]
    : [
        warning(
          "package",
          `the project has beehive-actors ${versions[0]}, and this command line is another copy in ${own}`,
          "run it as npx beehive in the folder of the project",
        ),
      ];
}

/** Checks the installed releases of optional packages, such as the SDKs of clouds, against the ranges of this one. */
export function peerFindings(folder: string): Finding[] {
  const installed = Object.entries(ownManifest().peerDependencies).flatMap(([name, range]) => {
    const found = packageFolder(folder, name);
    return found === undefined ? [] : [{ name, range, version: manifestIn(found).version }];
  });
  const outside = installed.filter(({ version, range }) => !satisfies(version, range));
  if (installed.length > 0 && outside.length === 0)
    return [well("peers", `${installed.map(({ name, version }) => `${name} ${version}`).join(", ")}`)];
  return outside.map(({ name, version, range }) =>
    warning(
      "peers",
      `${name} ${version} is installed, and beehive-actors is made for ${range}`,
      `run npm install "${name}@${range}"`,
    ),
  );
}

/** Returns the real folder of a package that modules in this folder import. */
function packageFolder(folder: string, name: string): string | undefined {
  for (const path of createRequire(join(folder, "x.js")).resolve.paths(name) ?? []) {
    const found = join(path, name);
    if (existsSync(join(found, "package.json"))) return realpathSync(found);
  }
  // A package may import itself by its name.
  const own = join(folder, "package.json");
  if (existsSync(own) && manifestIn(folder).name === name) return realpathSync(folder);
  const above = dirname(folder);
  return above === folder ? undefined : packageFolder(above, name);
}

/** Returns the folder that holds the `node_modules` of a package, or the folder of the package itself. */
function projectFolder(installed: string): string {
  const place = installed.lastIndexOf(`node_modules`);
  return place === -1 ? installed : installed.slice(0, place);
}

/** Returns the copies that dependencies of a project have for themselves. */
function nestedCopies(project: string): string[] {
  const modules = join(project, "node_modules");
  const names = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
  const packages = names(modules).flatMap((name) =>
    name.startsWith("@") ? names(join(modules, name)).map((inner) => join(name, inner)) : [name],
  );
  return packages
    .map((name) => join(modules, name, "node_modules", "beehive-actors"))
    .filter((copy) => existsSync(join(copy, "package.json")))
    .map((copy) => realpathSync(copy));
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}

function manifestIn(folder: string): Manifest {
  const file = join(folder, "package.json");
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Manifest;
  } catch (cause) {
    throw new BeeHiveError("InvalidConfiguration", `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Returns whether a version is in a range of the manifest: exact, `^1.2.3` or `>=1.2`. */
function satisfies(version: string, range: string): boolean {
  const least = range.replace(/^(\^|>=)/, "");
  if (least === range) return version === range;
  return isAtLeast(version, least) && (range.startsWith(">=") || version.split(".")[0] === least.split(".")[0]);
}

function isAtLeast(version: string, least: string): boolean {
  return version.localeCompare(least, "en", { numeric: true }) >= 0;
}
