import { BeeHiveError } from "../base/errors.ts";
import { valueText } from "../base/numbers.ts";
import { objectProblems, throwProblems } from "../base/problems.ts";
import { notPromised } from "../base/rejection.ts";
import type { Definitions } from "./definition.ts";
import type { EntitiesOptions, ProposedChange, Subject } from "./options.ts";

const names = ["read", "write", "nameOf"];

/** The decisions of an application, of which nothing but `true` allows. */
export interface Permissions<D extends Definitions, User> {
  read(user: User, subject: Subject<D>): object | undefined;
  write(user: User, change: ProposedChange<D>): boolean;
}

/** Returns the permissions of entities. @throws BeeHiveError `InvalidConfiguration` for options that are none. */
export function permissionsOf<D extends Definitions, User>(
  name: string,
  options: EntitiesOptions<D, User>,
): Permissions<D, User> {
  throwProblems(problemsOf(options), `The entities ${name} cannot be made`);
  const { read, write } = options;
  // Copies: what a permission does to an entity must not reach the store.
  return {
    read(user, subject) {
      if (!read) return subject.entity;
      const seen: unknown = notPromised(`read of the entities ${name}`, read(user, structuredClone(subject)));
      if (!seen) return undefined;
      if (typeof seen === "object") return seen;
      throw new BeeHiveError(
        "InvalidConfiguration",
        `read of the entities ${name} returned ${valueText(seen)}. It must return the entity, a part of it, or undefined.`,
      );
    },
    write: (user, change) =>
      !write || notPromised(`write of the entities ${name}`, write(user, structuredClone(change))) === true,
  };
}

function problemsOf(options: object): string[] {
  return [
    ...objectProblems("options", options),
    ...Object.entries(Object(options)).flatMap(([name, value]) => {
      // A misspelt permission would allow everything.
      if (!names.includes(name)) return [`"${name}" is no option of entities; there are ${names.join(", ")}`];
      return value === undefined || typeof value === "function" ? [] : [`${name} must be a function`];
    }),
  ];
}
