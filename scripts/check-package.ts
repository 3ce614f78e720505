/**
 * Checks the package as users get it: `npm run check:package`.
 *
 * Packs it, checks the tarball, installs it into an empty project beside TypeScript, and runs, type-checks and imports
 * it.
 */
import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const EXPECTED_FILES =
  /^(dist\/.+\.(js|d\.ts)(\.map)?|docs\/.+|schemas\/.+|templates\/.+|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;
const MAX_PAGE_SCRIPT = 150_000;
const CLOUD_SDKS = /^node_modules\/(@azure|@aws-sdk)\//;
const REQUIRED_FILES = [
  "dist/src/index.js",
  "dist/src/cli/main.js",
  "docs/cli.md",
  "schemas/config.json",
  "templates/starter/src/actors.ts",
  "package.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
];

const root = join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
const temp = mkdtempSync(join(tmpdir(), "beehive-package-"));

try {
  const tarball = pack();
  check("publint", () => run("publint", ["run", tarball, "--strict"]));
  check("are the types wrong", () => run("attw", [tarball, "--profile", "esm-only", "--no-definitely-typed"]));
  check("installs in an empty project", () => install(tarball));
  check("brings no cloud SDK", noCloudSdk);
  check("holds the page of the dashboard", holdsPage);
  check("type-checks in a project of its own", () => run("tsc", ["-p", temp]));
  check("works from an ES module", () => node("esm.mjs"));
  check("works from CommonJS", () => node("cjs.cjs"));
  check("works as functions in plain JavaScript", () => node("functions.mjs"));
  for (const subpath of Object.keys(manifest.exports)) check(`exports ${subpath}`, () => imports(subpath));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(temp, { recursive: true, force: true });
}

/** Packs into the temporary folder, with a build (`prepack`), and checks the list of files. */
function pack(): string {
  const args = ["pack", "--json", "--foreground-scripts=false", "--pack-destination", temp];
  const [packed] = JSON.parse(run("npm", args)) as { filename: string; files: { path: string }[] }[];
  if (!packed) throw new Error("npm pack made no tarball");
  const files = packed.files.map(({ path }) => path);
  check(`packs ${files.length} files`, () => {
    const unexpected = files.filter((path) => !EXPECTED_FILES.test(path));
    if (unexpected.length > 0) throw new Error(`unexpected files in the tarball: ${unexpected.join(", ")}`);
    const missing = REQUIRED_FILES.filter((path) => !files.includes(path));
    if (missing.length > 0) throw new Error(`missing files in the tarball: ${missing.join(", ")}`);
  });
  return join(temp, packed.filename);
}

function install(tarball: string): void {
  writeJson("package.json", { name: "consumer", private: true });
  writeJson("tsconfig.json", {
    // Checks the declarations, too: users may not skip them.
    compilerOptions: { target: "es2022", module: "nodenext", strict: true, skipLibCheck: false, types: ["node"] },
  });
  for (const file of ["esm.mts", "cjs.cts", "functions.mjs"])
    copyFileSync(join(root, "scripts/consumer", file), join(temp, file));
  const nodeTypes = `@types/node@${manifest.devDependencies["@types/node"]}`;
  run("npm", ["install", "--no-audit", "--no-fund", tarball, nodeTypes], { cwd: temp });
}

function noCloudSdk(): void {
  const lock = JSON.parse(readFileSync(join(temp, "package-lock.json"), "utf8")) as { packages: object };
  const found = Object.keys(lock.packages).filter((path) => CLOUD_SDKS.test(path));
  if (found.length > 0) throw new Error(`unexpected packages installed: ${found.join(", ")}`);
}

/** Loads the page as the installed dashboard does, and checks its size. */
function holdsPage(): void {
  const code =
    'const { pageFiles } = await import("./node_modules/beehive-actors/dist/src/web/dashboard/page-files.js");' +
    "const { script, style } = await pageFiles(); console.log(script.length, style.length);";
  const [script = 0, style = 0] = run(process.execPath, ["--input-type=module", "-e", code], { cwd: temp })
    .split(" ")
    .map(Number);
  if (script < 10_000 || script > MAX_PAGE_SCRIPT || style < 1_000)
    throw new Error(`the page has ${script} characters of script and ${style} of style`);
}

/** Imports one subpath. A provider may lack only the optional peers that its users install. */
function imports(subpath: string): void {
  const specifier = join(manifest.name, subpath).replaceAll("\\", "/");
  const attributes = subpath.endsWith(".json") ? `, { with: { type: "json" } }` : "";
  try {
    run(process.execPath, ["--input-type=module", "-e", `await import("${specifier}"${attributes})`], { cwd: temp });
  } catch (error) {
    const missing = /Cannot find package '((?:@[^/']+\/)?[^/']+)'/.exec(String(error))?.[1];
    if (missing === undefined || !manifest.peerDependenciesMeta?.[missing]?.optional) throw error;
  }
}

function check(what: string, body: () => unknown): void {
  try {
    body();
    console.log(`ok    ${what}`);
  } catch (error) {
    console.log(`FAIL  ${what}`);
    throw error;
  }
}

function node(file: string): string {
  return run(process.execPath, [file], { cwd: temp, timeout: 30_000 });
}

/** Returns the output of a command. @throws Error with all of its output when it fails. */
function run(command: string, args: readonly string[], options: ExecFileSyncOptions = {}): string {
  try {
    return execFileSync(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], ...options }).toString();
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: Buffer | string; stderr?: Buffer | string };
    throw new Error(`${command} ${args.join(" ")} failed\n${String(stdout)}${String(stderr)}`, { cause: error });
  }
}

function writeJson(file: string, value: object): void {
  writeFileSync(join(temp, file), JSON.stringify(value, null, 2));
}
