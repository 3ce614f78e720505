/** The script of the page, see `live.ts`. */
import { connect } from "beehive-actors/client";
import type { Push } from "./live.ts";

/** The little of a browser that is needed here. */
interface Element {
  id: string;
  textContent: string | null;
  onclick: (() => void) | null;
  append(...children: Element[]): void;
  remove(): void;
}

declare const document: { getElementById(id: string): Element | null; createElement(name: string): Element };

interface Member {
  readonly id: string;
  readonly name?: string;
  readonly salary?: number | undefined;
  readonly version?: number;
}

const made = (name: string, parts: Partial<Element>): Element => Object.assign(document.createElement(name), parts);
const [list, log, state] = ["members", "log", "state"].map((id) => document.getElementById(id)) as [
  Element,
  Element,
  Element,
];

function show({ id, name, salary, version }: Member): void {
  const row = document.getElementById(id) ?? made("li", { id });
  row.textContent = `${name} ${salary === undefined ? "(hidden)" : `earns ${salary}`}, version ${version} `;
  if (salary !== undefined)
    row.append(made("button", { textContent: `raise ${name}`, onclick: () => void raise(id, salary) }));
  list.append(row);
}

async function raise(id: string, salary: number): Promise<void> {
  const headers = { "content-type": "application/merge-patch+json" };
  await fetch(`/directory/Member/${id}`, { method: "PATCH", headers, body: JSON.stringify({ salary: salary + 10 }) });
}

const note = (textContent: string): void => log.append(made("li", { textContent }));

const client = connect<Push>("/changes", {
  onState: (now) => {
    state.textContent = now;
  },
});

client.subscribe(
  "membersOf",
  { company: "acme" },
  {
    load: async () => {
      const { items } = (await (await fetch("/directory/Member")).json()) as { readonly items: readonly Member[] };
      list.textContent = "";
      items.forEach(show);
      note("loaded");
    },
    change: ({ body: { id, entity, version } }) => {
      if (entity) show(entity);
      else document.getElementById(id)?.remove();
      note(`${id} ${version}`);
    },
  },
);
