/** Companies, their members, and how to reach them. Each change is published with a copy. */
import { entities, entity } from "beehive-actors/entities";
import * as v from "valibot";

/** A person who uses the service. */
export interface User {
  readonly name: string;
  readonly company: string;
  /** Sees salaries and changes members. */
  readonly isHr: boolean;
}

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(100));

const Company = v.object({ name, city: v.optional(v.string()) });

const Member = entity(
  v.object({
    company: v.string(),
    name,
    salary: v.optional(v.pipe(v.number(), v.minValue(0))),
    boss: v.optional(v.string()),
  }),
  { references: { company: "Company", boss: "Member" }, indexes: ["name", "salary"], keep: "1d" },
);

const Contact = entity(v.object({ member: v.string(), email: v.pipe(v.string(), v.email()) }), {
  references: { member: "Member" },
});

/** Members see their company without salaries; its HR sees all, and changes it. */
export const Directory = entities(
  "Directory",
  { Company, Member, Contact },
  {
    read(user: User, subject) {
      if (subject.type !== "Member") return subject.entity;
      const { entity: member } = subject;
      if (member.company !== user.company) return undefined;
      return user.isHr ? member : { ...member, salary: undefined };
    },
    write: (user: User) => user.isHr,
  },
);
