import { Cron } from "croner";
import * as assert from "uvu/assert";
import { timerSchedule } from "../../../providers/azure/hosting/functions.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: schedules of timers");
const lineOf = (cron: string): string => timerSchedule("P", { cron });

test("a line that timers know stays as it is, with seconds", () => {
  assert.is(lineOf("*/5 * * * *"), "0 */5 * * * *");
  assert.is(lineOf(" 0  3 * JAN-mar 1-5/2,SAT "), "0 0 3 * JAN-mar 1-5/2,SAT");
  assert.is(lineOf("30 0 3 1,15 * *"), "30 0 3 1,15 * *");
  assert.is(lineOf("0 0 ? * MON"), "0 0 0 * * MON");
});

test("a nickname becomes the line that it stands for", () => {
  const nicknames = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@Daily"];
  assert.equal(nicknames.map(lineOf), [
    "0 0 0 1 1 *",
    "0 0 0 1 1 *",
    "0 0 0 1 * *",
    "0 0 0 * * 0",
    "0 0 0 * * *",
    "0 0 0 * * *",
    "0 0 * * * *",
    "0 0 0 * * *",
  ]);
});

test("a Sunday that is 7, or ends a range, becomes 0", () => {
  const days: Readonly<Record<string, string>> = {
    "7": "0",
    "5-7": "0,5,6",
    "MON-SUN": "*",
    "fri-sun": "0,5,6",
    "1-7/2": "0,1,3,5",
    "0-7": "*",
    "2,7": "0,2",
    "0-6/7": "0-6/7",
  };
  for (const [given, translated] of Object.entries(days))
    assert.is(lineOf(`0 0 * * ${given}`), `0 0 0 * * ${translated}`);
});

test("a translated line fires on the days on which a worker does", () => {
  const runs = (cron: string): string[] =>
    new Cron(cron, { timezone: "UTC", paused: true }).nextRuns(20, new Date(0)).map((run) => run.toISOString());
  for (const cron of [
    "0 0 * * 5-7",
    "0 0 * * FRI-SUN",
    "0 0 * * 1-7/2",
    "0 0 * * 7",
    "@weekly",
    "0 9 1-31 * MON",
    "0 9 1 * MON-SUN",
    "0 9 ? * 7",
  ])
    assert.equal(runs(lineOf(cron)), runs(cron), cron);
});

test("a line that names every day in one of both fields fires every day", () => {
  assert.is(lineOf("0 9 1-31 * MON"), "0 0 9 * * *");
  assert.is(lineOf("0 9 */1 * 1,2"), "0 0 9 * * *");
  assert.is(lineOf("0 9 1 * MON-SUN"), "0 0 9 * * *");
});

test("a line that a timer would not keep as a worker does is refused", () => {
  for (const [cron, why] of [
    ["0 0 L * *", /"L" in its days of the month/],
    ["0 0 LW * *", /"LW"/],
    ["0 0 15W * *", /"15W"/],
    ["0 0 * * 1#2", /"1#2" in its days of the week/],
    ["0 0 * * 5L", /"5L"/],
    ["0 0 1 * +MON", /"\+MON"/],
    ["0 0 0 1 1 * 2030", /has a year/],
    ["0 9 1-7 * MON", /two pulsers/],
    ["0 9 */2 * 1-5", /two pulsers/],
    ["0 61 * * *", /not a cron line/],
    ["soon", /not a cron line/],
  ] as const)
    assert.throws(() => lineOf(cron), why, cron);
});

test.run();
