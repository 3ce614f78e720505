/** The ten actors of each kind. Each is small, and none minds an old revision or a second delivery. */
import {
  actor,
  collectionStore,
  counterStore,
  identityOf,
  keyedListStore,
  type ActorClass,
  type BatchOptions,
  type CollectionStore,
} from "beehive-actors";
import type { Entry, Kind } from "./events.ts";

const roles = [
  "Intake",
  "Card",
  "City",
  "Search",
  "Domain",
  "Quality",
  "Notice",
  "Partner",
  "Audit",
  "Totals",
] as const;
export type Role = (typeof roles)[number];

interface Row {
  readonly id: string;
  readonly revision: number;
  readonly value: string;
}

/** The rows that an actor of a role keeps of a kind. */
export const rowsOf = (kind: Kind, role: Role) => collectionStore<Row>(`${kind.name}${role}`);
/** The ids of each value of an index, such as those of a city, in the list of its kind and role. */
export const indexes = keyedListStore<{ readonly id: string }>("Indexes");
export const listOf = (kind: Kind, role: Role): string => `${kind.name}By${role}`;
export const totals = "SavedChanges";

/** The values that copies and indexes are made of. */
const values: Readonly<Partial<Record<Role, (entry: Entry) => string>>> = {
  Card: ({ name, city }) => `${name}, ${city}`,
  Partner: ({ name, email }) => `${name} <${email ?? ""}>`,
  City: ({ city }) => city,
  Search: ({ name }) => name.split(" ", 1)[0]?.toLowerCase() ?? "",
  Domain: ({ email }) => email?.split("@")[1] ?? "none",
};

/** Partners and reports may wait for company; their stages say for how long. */
const batch: BatchOptions = { size: 200, interval: "30s" };

/** Returns the actors of a kind by their roles. */
export function actorsOf(kind: Kind): Readonly<Record<Role, ActorClass>> {
  const on = (role: Role): readonly [string, Kind["saved"], { readonly name: string }] => [
    `${kind.name}Saved-${role}`,
    kind.saved,
    { name: `${kind.name}${role}` },
  ];
  const [card, cardType, cardName] = on("Card");
  const [partner, partnerType, partnerName] = on("Partner");
  const [quality, qualityType, qualityName] = on("Quality");
  const [notice, noticeType, noticeName] = on("Notice");
  const [audit, auditType, auditName] = on("Audit");
  const [total, totalType, totalName] = on("Totals");
  return {
    Intake: actor(
      `${kind.name}Changed-Intake`,
      kind.changed,
      { name: `${kind.name}Intake`, publishes: [kind.saved], uses: { entries: kind.entries } },
      async ({ body, entries }) => {
        const before = await entries.find(body.id);
        if (before && before.revision >= body.revision) return [];
        await (before ? entries.update({ ...before, ...body }) : entries.insert(body));
        return [kind.saved.create({ ...body, isNew: before === undefined }, { partitionKey: body.id })];
      },
    ),
    Card: actor(card, cardType, { ...cardName, uses: { rows: rowsOf(kind, "Card") } }, async ({ body, rows }) => {
      await isNewer(rows, body, valueOf("Card", body));
    }),
    Partner: actor(
      partner,
      partnerType,
      { ...partnerName, batch, uses: { rows: rowsOf(kind, "Partner") } },
      async ({ batch: events, rows }) => {
        for (const { body } of events) await isNewer(rows, body, valueOf("Partner", body));
      },
    ),
    City: index(kind, "City"),
    Search: index(kind, "Search"),
    Domain: index(kind, "Domain"),
    Quality: actor(
      quality,
      qualityType,
      { ...qualityName, uses: { rows: rowsOf(kind, "Quality") } },
      async ({ body, rows }) => {
        await isNewer(rows, body, body.email === null ? "without e-mail" : "");
      },
    ),
    Notice: actor(
      notice,
      noticeType,
      { ...noticeName, uses: { rows: rowsOf(kind, "Notice") } },
      async ({ body, rows }) => {
        if (body.isNew)
          await rows.insertIfAbsent({ id: body.id, revision: body.revision, value: `Welcome, ${body.name}` });
      },
    ),
    Audit: actor(
      audit,
      auditType,
      { ...auditName, batch, uses: { rows: rowsOf(kind, "Audit") } },
      async ({ batch: events, rows }) => {
        for (const { body } of events) {
          const id = `${body.id}-${String(body.revision).padStart(6, "0")}`;
          await rows.insertIfAbsent({ id, revision: body.revision, value: body.name });
        }
      },
    ),
    Totals: actor(
      total,
      totalType,
      { ...totalName, batch, uses: { counters: counterStore } },
      async ({ batch: events, counters }) => {
        for (const { event } of events) await counters.increment(totals, kind.name, 1, { once: identityOf(event) });
      },
    ),
  };
}

/** An actor that keeps the ids of each value, such as those of a city. */
function index(kind: Kind, role: "City" | "Search" | "Domain"): ActorClass {
  const options = { name: `${kind.name}${role}`, uses: { rows: rowsOf(kind, role), ids: indexes } };
  const list = listOf(kind, role);
  return actor(`${kind.name}Saved-${role}`, kind.saved, options, async ({ body, rows, ids }) => {
    const before = await rows.find(body.id);
    const value = valueOf(role, body);
    if (!(await isNewer(rows, body, value)) || before?.value === value) return;
    if (before) await ids.delete(list, before.value, body.id);
    await ids.upsert(list, value, { id: body.id });
  });
}

export function valueOf(role: Role, entry: Entry): string {
  return values[role]?.(entry) ?? "";
}

/** Writes a row, unless it is of the same or a newer revision. Returns whether it did. */
async function isNewer(rows: CollectionStore<Row>, { id, revision }: Entry, value: string): Promise<boolean> {
  const before = await rows.find(id);
  if (before && before.revision >= revision) return false;
  await (before ? rows.update({ ...before, revision, value }) : rows.insert({ id, revision, value }));
  return true;
}
