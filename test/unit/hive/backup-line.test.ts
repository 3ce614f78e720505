import * as assert from "uvu/assert";
import { createHive, Event, openProvider, silentLogger, systemClock, type Hive } from "../../../src/index.ts";
import { backupLine, eventOfLine } from "../../../src/hive/backup-line.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("lines of a backup");

const bodies: readonly (string | Uint8Array)[] = [
  '{\n  "a": 1,\r\n  "b": "x\\ny" }\n',
  '{"n":12345678901234567890}',
  "{no json",
  "",
  new Uint8Array([0, 10, 255]),
  new TextEncoder().encode('{"j":1}'),
];

async function kept(): Promise<Hive> {
  const provider = await openProvider("memory:", { clock: systemClock });
  const hive = await createHive({ provider, keep: { "Sale-": "30d" }, publishes: ["Sale"], logger: silentLogger });
  await hive.setup();
  await hive.push(
    bodies.map((body, n) => {
      const record = new Event("Sale", undefined, { queueName: "Sale-", id: `s-${n}` }).toRecord();
      return Event.fromRecord({ ...record, body, contentType: "application/json" });
    }),
  );
  return hive;
}

async function linesOf(hive: Hive): Promise<string[]> {
  const lines: string[] = [];
  for await (const one of hive.log("Sale").read()) lines.push(backupLine(one));
  return lines;
}

async function restore(hive: Hive, lines: readonly string[]): Promise<object> {
  const events = lines.map((line) => {
    const { published, ...rest } = eventOfLine(line);
    return { ...rest, published: new Date(published) };
  });
  return await hive.log("Sale").restore(events);
}

test("an event of any body is one line, and the same value when it is read", async () => {
  await using hive = await kept();
  const lines = await linesOf(hive);
  for (const [n, line] of lines.entries()) {
    assert.not.match(line, /[\r\n]/);
    const was = bodies[n] ?? "";
    const { body } = eventOfLine(line).event;
    const spaces = /[\r\n]/g;
    const text = (one: string | Uint8Array): string => Buffer.from(one as string).toString("latin1");
    assert.is(
      text(body).trim(),
      text(was)
        .replaceAll(typeof was === "string" ? spaces : /$^/g, " ")
        .trim(),
    );
  }
  assert.equal(await restore(hive, lines), { restored: 0, present: bodies.length });
  await hive.provider.close();
});

test("a line whose body was changed is no event that is there already", async () => {
  await using hive = await kept();
  const [, line = ""] = await linesOf(hive);
  const changed = line.replace("12345678901234567890", "12345678901234567891");
  const error = await throwsCode("InvalidState", () => restore(hive, [changed]));
  assert.match(String(error), "Sale- has s-1 at position 1 with another type or body than the backup");
  await hive.provider.close();
});

test("a position beyond exact numbers is refused", async () => {
  await using hive = await kept();
  const [line = ""] = await linesOf(hive);
  const far = line.replace('"beehiveposition":"0"', '"beehiveposition":"9007199254740991"');
  await throwsCode("InvalidEvent", () => restore(hive, [far]));
  await hive.provider.close();
});

test("a read from or to no place is refused, and reads not nothing", async () => {
  await using hive = await kept();
  for (const wrong of [{ from: new Date(Number.NaN) }, { from: Number.NaN }, { to: new Date("noon") }])
    await throwsCode("InvalidConfiguration", () => hive.log("Sale").read(wrong).next());
  await hive.provider.close();
});

test.run();
