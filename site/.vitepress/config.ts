import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import llms from "vitepress-plugin-llms";
import manifest from "../../package.json" with { type: "json" };
import { contents, pagesFolder } from "../pages.ts";

/** The address of the site below its host, such as `/beehive-actors/`. */
const base = process.env["SITE_BASE"] ?? "/";
const repository = manifest.repository.url.replace(/^git\+/, "").replace(/\.git$/, "");

export default defineConfig({
  title: "BeeHive",
  description: manifest.description,
  base,
  srcDir: ".pages",
  outDir: "dist",
  cacheDir: ".vitepress/cache",
  cleanUrls: true,
  vite: { plugins: [llms()] },
  // Text in double braces is text, not Vue.
  markdown: { attrs: { disable: true } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Start", link: "/start" },
      { text: "Concepts", link: "/concepts" },
      { text: "Reference", link: "/reference/" },
      { text: manifest.version, link: `${repository}/blob/main/CHANGELOG.md` },
    ],
    sidebar: {
      "/": [{ text: "Begin", items: [{ text: "Start", link: "/start" }] }, ...contents()],
      "/reference/": [{ text: "Reference", items: entries() }],
    },
    socialLinks: [{ icon: "github", link: repository }],
  },
});

/** Returns the entries of the package that the reference has pages of. */
function entries(): { text: string; link: string }[] {
  return Object.keys(manifest.exports)
    .map((path) => join("beehive-actors", path))
    .filter((name) => existsSync(join(pagesFolder, "reference", name, "index.md")))
    .map((name) => ({ text: name, link: `/reference/${name}/` }));
}
