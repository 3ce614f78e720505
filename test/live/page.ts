/** The script of the page: a row for each member, and a record of all that came. */
import { connect } from "beehive-actors/client";
import type { push } from "./app.ts";

/** The little of a page that is needed here. */
interface Row {
  id: string;
  textContent: string | null;
  appendChild(row: Row): Row;
}

declare const document: { getElementById(id: string): Row | null; createElement(name: string): Row };

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly salary?: number;
  readonly version: number;
}

const record: { loads: number; states: string[]; changes: [id: string, version: number][] } = {
  loads: 0,
  states: [],
  changes: [],
};
Object.assign(globalThis, { record });

const list = document.getElementById("members") as Row;

function show({ id, name, salary, version }: Shown): void {
  const row = document.getElementById(id) ?? list.appendChild(Object.assign(document.createElement("li"), { id }));
  row.textContent = `${name} ${salary === undefined ? "(hidden)" : `earns ${salary}`}, version ${version}`;
}

const client = connect<typeof push>("/live", { onState: (state) => record.states.push(state) });
client.subscribe(
  "MemberChanged",
  {},
  {
    load: async () => {
      record.loads++;
      ((await (await fetch("/members")).json()) as Shown[]).forEach(show);
    },
    change: ({ body }) => {
      record.changes.push([body.id, body.version]);
      show(body);
    },
  },
);
