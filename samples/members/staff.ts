/** The companies and members that the page shows, and who sees what of them. */
import type { Hive } from "beehive-actors";
import { entities, entity } from "beehive-actors/entities";
import * as v from "valibot";

/** A person with the page open. */
export interface Viewer {
  readonly name: string;
  /** The company whose members this person sees; `undefined` for none any more. */
  company: string | undefined;
  readonly seesSalaries: boolean;
}

const company = v.object({ name: v.string() });
const member = v.object({ company: v.string(), name: v.string(), salary: v.optional(v.number()) });

export const Staff = entities(
  "Staff",
  { Company: company, Member: entity(member, { references: { company: "Company" }, keep: "1h" }) },
  {
    read: (viewer: Viewer, { type, entity: found }) => {
      if (type === "Company") return found;
      if (found.company !== viewer.company) return undefined;
      return viewer.seesSalaries ? found : { ...found, salary: undefined };
    },
    write: (viewer: Viewer) => viewer.seesSalaries,
  },
);

/** Creates a company with its members, all or none. */
export async function seed(hive: Hive): Promise<void> {
  const staff = hive.store(Staff.token);
  if (await staff.Company.find("acme")) return;
  await staff.createGraph([
    { type: "Company", id: "acme", as: "acme", create: { name: "Acme" } },
    { type: "Member", id: "grace", create: { company: "#acme", name: "Grace", salary: 100 } },
    { type: "Member", id: "edsger", create: { company: "#acme", name: "Edsger", salary: 90 } },
  ]);
}
