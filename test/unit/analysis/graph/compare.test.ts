import * as assert from "uvu/assert";
import { compare } from "../../../../src/analysis/graph/transform.ts";
import type { Publication } from "../../../../src/analysis/graph/event-graph.ts";
import { suite } from "../../../support/suite.ts";
import { observed, webGraph } from "./graphs.ts";

const test = suite("declared against observed");

function texts(publications: readonly Publication[]): string[] {
  return publications.map(({ from, to }) => `${from.name} to ${to}`);
}

test("undeclared and unseen publications are both reported", async () => {
  const { undeclared, unseen } = compare(await webGraph({ observed }));
  assert.equal(texts(undeclared), ["SplitActor to Invoices"]);
  assert.equal(texts(unseen), ["IntakeActor to Rejected-", "SplitActor to Parsed-", "ReportActor to Reported-"]);
});

test("actors that only the journal knows are ignored", async () => {
  const { undeclared } = compare(await webGraph({ observed }));
  assert.not.ok(texts(undeclared).some((text) => text.startsWith("OldActor")));
});

test("without a journal nothing differs", async () => {
  assert.equal(compare(await webGraph()), { undeclared: [], unseen: [] });
});

test("a web that agrees with its journal does not differ", async () => {
  const graph = await webGraph();
  const all = graph.publications.map(({ from, to }) => ({
    from: from.kind === "actor" ? from.name : undefined,
    eventType: to.topic,
    destination: String(to),
    count: 1,
  }));
  assert.equal(compare(await webGraph({ observed: all })), { undeclared: [], unseen: [] });
});

test.run();
