import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openProvider, systemClock } from "beehive-actors";
import { problemsOf, runNewsFeed, type Report } from "../../samples/news-feed/news-feed.ts";
import { root } from "../support/cli.ts";
import { suite } from "../support/suite.ts";

const test = suite("the news feed of samples/news-feed", { timeoutMs: 120_000 });

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "beehive-news-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("every reader gets every notification once", () =>
  inFolder(async (folder) => {
    const provider = await openProvider("memory:", { clock: systemClock });
    const report = await runNewsFeed(provider, { folder, items: 30 });
    await provider.close();
    assert.equal(problemsOf(report), []);
    assert.equal([report.channels, report.items], [6, 180]);
    assert.ok(report.notifications > 50);
  }));

test("a report that lost or repeated something is a problem", () => {
  const well = {
    channels: 1,
    items: 2,
    read: 2,
    expected: 1,
    notifications: 1,
    lost: 0,
    twice: 0,
    dead: 0,
    durationMs: 1,
  };
  assert.equal(problemsOf(well), []);
  for (const wrong of [{ read: 1 }, { notifications: 2 }, { lost: 1 }, { twice: 1 }, { dead: 1 }])
    assert.is(problemsOf({ ...well, ...wrong }).length, 1);
});

test("killed again and again on a file, it loses and repeats nothing", () =>
  inFolder(async (folder) => {
    const program = ["--import", "tsx", "-C", "beehive-source", "samples/news-feed/main.ts", "--json"];
    const place = [
      "--provider",
      `sqlite:${join(folder, "news.db")}`,
      "--feeds",
      join(folder, "feeds"),
      "--items",
      "120",
    ];
    /** Runs the sample, and kills it after `killMs`. Returns its last line, if it came so far. */
    const run = (killMs: number): Promise<string | undefined> =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [...program, ...place], {
          cwd: root,
          stdio: ["ignore", "pipe", "inherit"],
        });
        let text = "";
        child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
        const timer = setTimeout(() => child.kill("SIGKILL"), killMs);
        child.on("close", (code) => {
          clearTimeout(timer);
          resolve(code === null ? undefined : text.trim().split("\n").at(-1));
        });
      });
    let killed = 0;
    for (let n = 0; n < 4; n++) if ((await run(1_000 + Math.random() * 1_500)) === undefined) killed++;
    assert.ok(killed > 0, "it was never killed");
    const report = JSON.parse((await run(90_000)) ?? "") as Report;
    assert.equal(problemsOf(report), []);
    assert.is(report.items, 720);
  }));

test.run();
