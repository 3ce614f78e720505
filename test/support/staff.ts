/** Entities of companies for tests, with a hive and the events of their changes. */
import { z } from "zod";
import { entities, entity } from "../../src/entities/index.ts";
import { createHive, silentLogger, type ActorClass, type Hive } from "../../src/index.ts";
import type { Provider } from "../../src/contract/provider.ts";
import { actor } from "../../src/actors/injection/function-actor.ts";

export interface User {
  readonly name: string;
  readonly company?: string;
  readonly isHr?: boolean;
}

export const Staff = entities(
  "Staff",
  {
    Company: z.object({ name: z.string().min(1) }),
    Member: entity(
      z.object({
        company: z.string(),
        name: z.string(),
        salary: z.number().optional(),
        boss: z.string().optional(),
        tags: z.object({ team: z.string().optional(), floor: z.number().optional() }).optional(),
      }),
      { references: { company: "Company", boss: "Member" }, indexes: ["name", "salary"] },
    ),
  },
  {
    read(user: User, { type, entity: one }) {
      if (type === "Company") return one;
      if (one.company !== user.company) return undefined;
      return user.isHr === true ? one : { ...one, salary: undefined };
    },
    write: (user: User) => user.isHr === true,
  },
);

type StaffService = ReturnType<typeof staffOf>;

/** Returns the entities of a hive. */
export const staffOf = (hive: Hive) => hive.store(Staff.token);

/** A hive with the entities, and an actor that notes all events of their changes. */
export class StaffHive implements AsyncDisposable {
  readonly hive: Hive;
  readonly staff: StaffService;
  readonly #seen: string[];

  private constructor(hive: Hive, seen: string[]) {
    this.hive = hive;
    this.staff = staffOf(hive);
    this.#seen = seen;
  }

  static async start(provider: string | Provider = "memory:", actors: readonly ActorClass[] = []): Promise<StaffHive> {
    const seen: string[] = [];
    const note = ({ id, act, version, by }: { id: string; act: string; version: number; by: string | null }): void =>
      void seen.push(`${id} ${act} ${version}${by === null ? "" : ` by ${by}`}`);
    const { CompanyChanged, MemberChanged } = Staff.events;
    const hive = await createHive({
      actors: [
        actor("CompanyChanged-Watch", CompanyChanged, { name: "WatchCompanies" }, ({ body }) => note(body)),
        actor("MemberChanged-Watch", MemberChanged, { name: "WatchMembers" }, ({ body }) => note(body)),
        ...actors,
      ],
      provider,
      logger: silentLogger,
      journal: false,
    });
    await hive.start();
    return new StaffHive(hive, seen);
  }

  /** Returns what changed so far: `ada created 1 by hr`, sorted. */
  async changes(): Promise<readonly string[]> {
    await this.hive.whenIdle();
    return this.#seen.toSorted();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.hive.stop();
  }
}
