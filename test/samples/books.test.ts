import { Event, openProvider, silentLogger, systemClock } from "beehive-actors";
import { given } from "beehive-actors/testing";
import * as assert from "uvu/assert";
import { problemsOf, receiversOf, runBooks } from "../../samples/books/books.ts";
import { EntryRefused, PostEntry } from "../../samples/books/messages.ts";
import { PostEntryActor, period } from "../../samples/books/ledger.ts";
import { RouterActor } from "../../samples/books/router.ts";
import { folderWith } from "../support/cli.ts";
import { suite } from "../support/suite.ts";
import { throwsCode } from "../support/throws.ts";

const test = suite("the books of samples/books", { timeoutMs: 60_000 });

for (const kind of ["memory:", "sqlite:"]) {
  test(`the books on ${kind} balance, and follow from the event store`, async () => {
    using folder = folderWith();
    const url = kind === "memory:" ? kind : `sqlite:${folder.at("books.db")}`;
    const provider = await openProvider(url, { clock: systemClock, logger: silentLogger });
    const report = await runBooks(provider, 30);
    await provider.close();
    assert.equal(problemsOf(report), []);
    assert.equal([report.posted, report.refused], [27, 4]);
    assert.equal(report.traced, ["router", "billing", "ledger", "reporting"]);
    assert.is(problemsOf({ ...report, sum: 1, derived: false, late: 2, posted: 1, traced: [] }).length, 5);
  });
}

test("each command has one receiver", () => {
  for (const [name, receivers] of receiversOf()) assert.is(receivers.length, 1, `${name}: ${receivers.join(", ")}`);
});

test("a command that nobody receives is refused by its envelope", async () => {
  const actor = new RouterActor();
  const unknown = PostEntry.create({ entry: "1", debit: "a", credit: "b", amount: 1 }).clone({ queueName: "Inbox-" });
  assert.is((await actor.processAsync(unknown))[0]?.queueName, "PostEntry-");
  await throwsCode("Rejected", () => actor.processAsync(new Event("Nothing", 1, { queueName: "Inbox-" })));
});

test("an entry for a closed period is refused with an event", async () => {
  const entry = { entry: "late", debit: "cash", credit: "debtor ada", amount: 5 };
  await given(async (stores) => stores.collection("LedgerPeriods").insert({ id: period, closed: true } as never))
    .when(PostEntry.create(entry), PostEntryActor)
    .then([EntryRefused.create({ ...entry, reason: `${period} is closed` })]);
});

test.run();
