/**
 * Puts the page of the dashboard into the built package, as a module that holds its script and style.
 *
 * `tsx scripts/build-page.ts [FOLDER]`, where the package was built to. @default dist
 */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pageFiles } from "../src/web/dashboard/page-files.ts";

const module = join(process.argv[2] ?? "dist", "src/web/dashboard/page-files.js");
const files = JSON.stringify(await pageFiles(), null, 2);
await writeFile(module, `const files = ${files};\n\nexport async function pageFiles() {\n  return files;\n}\n`);
await rm(`${module}.map`, { force: true });
