/** Builds the documentation as a website in `dist`, and with `--preview` serves it. Fails on a dead link. */
import { build, serve } from "vitepress";
import manifest from "../package.json" with { type: "json" };
import { writePages } from "./pages.ts";
import { writeReference } from "./reference.ts";

writePages(manifest.repository.url.replace(/^git\+/, "").replace(/\.git$/, ""));
await writeReference();
await build(import.meta.dirname);
if (process.argv.includes("--preview")) await serve({ root: import.meta.dirname, port: 4173 });
