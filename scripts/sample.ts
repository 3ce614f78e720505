/** Runs a sample: `npm run sample -- NAME [options]`. Without a name it lists all. */
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { nearestOf } from "../src/base/nearest.ts";

interface Sample {
  readonly about: string;
  /** The program, from the root of the project. */
  readonly file: string;
}

/** From the first actor to production, as samples/README.md has them. */
const samples: Readonly<Record<string, Sample>> = {
  booking: {
    about: "A hotel books a room and a payment in time, or neither: a process with compensation, actors as functions.",
    file: "samples/booking/main.ts",
  },
  games: {
    about: "The back end of a game follows each player in order; a kill shows what three ways to publish lose.",
    file: "samples/games/main.ts",
  },
  fashion: {
    about: "A catalogue merges the lists of brands, and rebuilds its search index from the log while it works.",
    file: "samples/fashion/main.ts",
  },
  "file-import": {
    about:
      "Files become rows, imported 200 at a time into SQLite; the worker is killed, and nothing is imported twice.",
    file: "samples/file-import/main.ts",
  },
  members: {
    about: "Thirty small actors on seven stages keep what a source system changes; a file lays the stages out.",
    file: "samples/members/main.ts",
  },
  "news-feed": {
    about: "Channels of news are read from files by a pulse, and readers are notified; slots follow the load.",
    file: "samples/news-feed/main.ts",
  },
  books: {
    about:
      "Three services of an accounting house: commands to one, events to all, one event store that tells the whole way.",
    file: "samples/books/main.ts",
  },
  ingest: {
    about: "Devices and a payment service send over HTTP: two handlers join one request, the wrong ones are reported.",
    file: "samples/ingest/main.ts",
  },
  frameworks: {
    about: "A hive serves a shop inside Nest, Express, Fastify, Hono, Next and node:http; installs them first.",
    file: "scripts/check-adoption.ts",
  },
  "members-page": {
    about: "A page shows the members of a company while they change, to two people who may not see the same.",
    file: "samples/members/live.ts",
  },
  prismo: {
    about: "A whole on-line shop of fifteen actors, with failures, on every provider and in functions of the clouds.",
    file: "samples/prismo/main.ts",
  },
};

const [name, ...rest] = process.argv.slice(2);
const sample = name === undefined ? undefined : samples[name];
if (sample) {
  process.argv = [process.execPath, join(import.meta.dirname, "..", sample.file), ...rest];
  await import(pathToFileURL(process.argv[1] as string).href);
} else if (name === undefined || name === "--help") {
  console.log(`Usage: npm run sample -- NAME [options]\n\n${list(Object.keys(samples))}`);
} else {
  const near = nearTo(name);
  const others = near.length > 0 ? `Near it:\n\n${list(near)}` : `There are:\n\n${list(Object.keys(samples))}`;
  console.error(`There is no sample "${name}". ${others}`);
  process.exitCode = 2;
}

/** Returns the names that contain the text, or differ by a letter or two. */
function nearTo(text: string): string[] {
  const names = Object.keys(samples);
  const nearest = nearestOf(text, names);
  const part = text.toLowerCase().slice(0, 3);
  return names.filter((one) => one === nearest || one.includes(text.toLowerCase()) || one.startsWith(part));
}

function list(names: readonly string[]): string {
  return names.map((one) => `  ${one.padEnd(14)}${samples[one]?.about}`).join("\n");
}
