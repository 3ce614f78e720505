import { collectionStore, eventType } from "beehive-actors";
import * as v from "valibot";

/** A member, a company or a contact, as a source system has it. Revisions come in any order; the newest counts. */
const record = v.object({
  id: v.string(),
  revision: v.number(),
  name: v.string(),
  city: v.string(),
  email: v.nullable(v.string()),
});
export type Entry = v.InferOutput<typeof record>;

/** Everything of one kind: its changes from outside, and those that were saved. */
export interface Kind {
  readonly name: "Member" | "Company" | "Contact";
  readonly changed: ReturnType<typeof changedType>;
  readonly saved: ReturnType<typeof savedType>;
  readonly entries: ReturnType<typeof collectionStore<Entry>>;
}

const changedType = (name: string) => eventType(`${name}Changed`, record, { entry: true });
const savedType = (name: string) => eventType(`${name}Saved`, v.object({ ...record.entries, isNew: v.boolean() }));

function kind(name: Kind["name"]): Kind {
  return { name, changed: changedType(name), saved: savedType(name), entries: collectionStore<Entry>(`${name}s`) };
}

export const members: Kind = kind("Member");
export const companies: Kind = kind("Company");
export const contacts: Kind = kind("Contact");
export const kinds: readonly Kind[] = [members, companies, contacts];
