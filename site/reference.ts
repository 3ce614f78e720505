/** Writes the reference of every entry of the package as pages, from its docstrings. */
import { join } from "node:path";
import { Application } from "typedoc";
import manifest from "../package.json" with { type: "json" };
import { pagesFolder } from "./pages.ts";

const root = join(pagesFolder, "../..");

/** The entries of the package by their source: `beehive-actors/testing` by `src/testing/index.ts`. */
const entries = new Map(
  Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === "string" ? [] : [[join(root, target["beehive-source"]), join("beehive-actors", path)] as const],
  ),
);

/** @throws Error when the sources cannot be read. */
export async function writeReference(): Promise<void> {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: [...entries.keys()],
    tsconfig: join(pagesFolder, "../tsconfig.reference.json"),
    plugin: ["typedoc-plugin-markdown"],
    alwaysCreateEntryPointModule: true,
    outputs: [{ name: "markdown", path: join(pagesFolder, "reference") }],
    readme: "none",
    name: "Reference",
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    disableSources: true,
    // The compiler of the project has checked the sources.
    skipErrorChecking: true,
    logLevel: "Error",
    ...{ entryFileName: "index", outputFileStrategy: "members", hideBreadcrumbs: true, hidePageHeader: true },
  });
  const project = await app.convert();
  if (!project) throw new Error("typedoc could not read the sources.");
  for (const module of project.children ?? []) {
    const source = project.getSymbolIdFromReflection(module)?.fileName ?? "";
    module.name = entries.get(source) ?? module.name;
  }
  await app.generateOutputs(project);
}
