import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

/** The script and the style of the page. */
export interface PageFiles {
  readonly script: string;
  readonly style: string;
  /** Changes with both. */
  readonly version: string;
}

/**
 * Returns the files of the page, bundled from `page/`.
 *
 * The build replaces this module by one that holds them, so that a server may be bundled, too: `scripts/build-page.ts`.
 */
export async function pageFiles(): Promise<PageFiles> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../../../page/page.tsx", import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    outdir: "page",
    format: "esm",
    target: ["es2022"],
    jsx: "automatic",
    jsxImportSource: "preact",
    charset: "utf8",
  });
  const textOf = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? "";
  const [script, style] = [textOf(".js"), textOf(".css")];
  return { script, style, version: createHash("sha256").update(script).update(style).digest("hex").slice(0, 12) };
}
