/** The feeds: local files in the JSON Feed format, written edition by edition while the sample runs. */
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Child } from "beehive-actors";
import type { Item } from "./events.ts";

interface Feed {
  readonly version: "https://jsonfeed.org/version/1.1";
  readonly title: string;
  readonly items: readonly { readonly id: string; readonly title: string }[];
}

const names = ["arts", "business", "computing", "science", "sports", "travel"];
const subjects = ["engine", "compiler", "kernel", "radio", "proof", "garden", "bridge", "harbour", "violin", "glacier"];
const verbs = ["wins", "loses", "meets", "leaves", "finds"];

/** Writes `items` items for each channel, five at a time, and goes on where an earlier process was killed. */
export async function publishEditions(folder: string, items: number, { signal }: Pick<Child, "signal">): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let done = false; !done && !signal.aborted;) {
    done = true;
    for (const channel of names) {
      const count = (await itemsOf(folder, channel)).length;
      if (count >= items) continue;
      done = false;
      await write(folder, channel, Math.min(items, count + 5));
    }
  }
}

/** Writes a whole file beside the old one, and puts it in its place: nobody reads half a feed. */
async function write(folder: string, channel: string, count: number): Promise<void> {
  const items = Array.from({ length: count }, (_, n) => ({ id: `${n}`, title: titleOf(channel, n) }));
  const feed: Feed = { version: "https://jsonfeed.org/version/1.1", title: channel, items };
  const path = join(folder, `${channel}.json`);
  await writeFile(`${path}.new`, JSON.stringify(feed));
  await rename(`${path}.new`, path);
}

function titleOf(channel: string, n: number): string {
  const seed = n * 7 + channel.length * 3 + channel.charCodeAt(0);
  const word = (list: readonly string[], by: number): string => list[by % list.length] ?? "";
  return `${word(subjects, seed)} ${word(verbs, seed)} ${word(subjects, seed * seed + n)}`;
}

export async function channelsIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder).catch((): string[] => []);
  return files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -".json".length));
}

/** Returns the items of a channel, oldest first; none before its first edition. */
export async function itemsOf(folder: string, channel: string): Promise<readonly Item[]> {
  const text = await readFile(join(folder, `${channel}.json`), "utf8").catch(() => undefined);
  if (text === undefined) return [];
  return (JSON.parse(text) as Feed).items.map(({ id, title }) => ({ channel, id, title }));
}

/** True once every channel has all of its items. */
export async function isComplete(folder: string, items: number): Promise<boolean> {
  for (const channel of names) if ((await itemsOf(folder, channel)).length < items) return false;
  return true;
}
