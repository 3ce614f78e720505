import { build } from "esbuild";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const bench = join(import.meta.dirname, "..");

/** Files for plain Node, beside the packages that they import: peers their own, all others the built library. */
export async function buildContestants(): Promise<void> {
  await buildFolder(join(bench, "contestants"), join(bench, "dist"));
  await buildFolder(join(bench, "peers"), join(bench, "peers", "dist"));
}

async function buildFolder(folder: string, outdir: string): Promise<void> {
  rmSync(outdir, { recursive: true, force: true });
  const entryPoints = readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file));
  await build({
    entryPoints,
    outdir,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    tsconfig: join(bench, "..", "tsconfig.json"),
    logLevel: "warning",
  });
}

/** File of a contestant. */
export function programOf({ file, peer }: { readonly file: string; readonly peer: boolean }): string {
  return join(bench, ...(peer ? ["peers"] : []), "dist", `${file}.js`);
}
