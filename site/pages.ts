/** Copies the documentation to the folder that the website is built from, and computes its contents. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const site = dirname(fileURLToPath(import.meta.url));
const docs = join(site, "../docs");
export const pagesFolder: string = join(site, ".pages");

interface Page {
  readonly text: string;
  readonly link: string;
}

/** A part of the contents: a heading of docs/README.md with its list. */
export interface Part {
  readonly text: string;
  readonly collapsed: false;
  readonly items: readonly Page[];
}

/** Writes the pages: those of `docs`, the README as the start, and those of samples. */
export function writePages(repository: string): void {
  rmSync(pagesFolder, { recursive: true, force: true });
  mkdirSync(pagesFolder, { recursive: true });
  cpSync(docs, pagesFolder, { recursive: true, filter: (path) => !path.endsWith(".md") });
  for (const name of readdirSync(docs).filter((one) => one.endsWith(".md") && one !== "README.md"))
    writeFileSync(join(pagesFolder, name), page(readFileSync(join(docs, name), "utf8"), "docs", repository));
  const start = readFileSync(join(docs, "../README.md"), "utf8").replaceAll("](docs/", "](");
  writeFileSync(join(pagesFolder, "start.md"), page(start, ".", repository));
  cpSync(join(site, "index.md"), join(pagesFolder, "index.md"));
}

/** Returns a page whose links to files beside the documentation lead to the repository. */
function page(text: string, folder: string, repository: string): string {
  return text.replaceAll(/\]\((?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?\)/g, (link, path: string, anchor = "") => {
    if (path === "README.md") return "](/)";
    if (path === "../README.md") return `](start.md${anchor})`;
    if (!path.includes("/") && (folder === "docs" || /\.(svg|png)$/.test(path))) return link;
    if (folder === "." && isPage(path)) return link;
    return `](${repository}/blob/main/${join(folder, path)}${anchor})`;
  });
}

function isPage(path: string): boolean {
  return readdirSync(docs).includes(basename(path)) && !path.includes("/");
}

/** Returns the contents: the lists of docs/README.md. */
export function contents(): Part[] {
  const [, ...parts] = readFileSync(join(docs, "README.md"), "utf8").split(/^## /m);
  return parts.map((part) => {
    const [text = "", ...lines] = part.split("\n");
    const links = lines.join(" ").matchAll(/\[([^\]]+)\]\(([\w-]+)\.md\)/g);
    return {
      text,
      collapsed: false,
      items: [...links].map(([, name = "", path]) => ({ text: name, link: `/${path}` })),
    };
  });
}
