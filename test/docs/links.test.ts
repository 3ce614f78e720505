import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("the links of the documents");

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "samples/README.md",
  ...(await readdir(join(root, "docs"))).filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`),
];

/** Returns the anchor that a heading gets. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

test("each link leads to a file, and to a heading of it", async () => {
  const dead: string[] = [];
  for (const page of pages) {
    const text = await readFile(join(root, page), "utf8");
    const links = text.replaceAll(/```.*?```/gs, "").matchAll(/\]\((?!\w+:)([^)\s#]*)(#[^)\s]+)?\)/g);
    for (const [link, path = "", place] of links) {
      const target = path === "" ? join(root, page) : join(root, dirname(page), path);
      if (!existsSync(target)) dead.push(`${page}: ${link}`);
      else if (place !== undefined && target.endsWith(".md")) {
        const headings = [...(await readFile(target, "utf8")).matchAll(/^#+ (.*)$/gm)].map(([, one = ""]) =>
          anchor(one),
        );
        if (!headings.includes(place.slice(1))) dead.push(`${page}: ${link}`);
      }
    }
  }
  assert.equal(dead, []);
});

test.run();
