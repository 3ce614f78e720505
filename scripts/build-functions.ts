/** Builds the folder of Prismo's functions for `func azure functionapp publish`: `npm run build:functions`. */
import { copyFile, writeFile } from "node:fs/promises";
import { bundle } from "./bundle.ts";

const folder = "dist-functions";

await bundle({
  entry: "samples/prismo/functions.ts",
  outfile: `${folder}/index.mjs`,
  // The host provides it.
  external: ["@azure/functions-core"],
});
await copyFile("deploy/azure/host.json", `${folder}/host.json`);
await writeFile(`${folder}/package.json`, `${JSON.stringify({ private: true, main: "index.mjs" }, undefined, 2)}\n`);
