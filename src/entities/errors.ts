import { BeeHiveError, ConcurrencyConflict } from "../base/errors.ts";
import { problemText, type BodyProblem } from "../events/schema-problems.ts";

/** The error of an entity that does not fit its schema, or refers to one that does not exist. */
export class InvalidEntity extends BeeHiveError {
  override readonly name: string = "InvalidEntity";
  /** The path of each problem, and the expectation. */
  readonly problems: readonly BodyProblem[];

  constructor(what: string, problems: readonly BodyProblem[]) {
    super("InvalidItem", `${what} cannot be stored: ${problems.map(problemText).join("; ")}. Nothing was changed.`);
    this.problems = problems;
  }
}

/** The error of a change that the permissions of a user do not allow. */
export class NotPermitted extends BeeHiveError {
  override readonly name: string = "NotPermitted";

  constructor(type: string, id: string, act: string) {
    super("AccessDenied", `${type} "${id}" may not be ${act} by this user.`);
  }
}

/** Returns the error of an entity that is not there, or hidden from the user. */
export function noEntity(type: string, id: string): BeeHiveError {
  return new BeeHiveError("NotFound", `There is no ${type} "${id}".`);
}

/** Returns the error of a change of a version that is no longer the stored one. */
export function staleVersion(type: string, id: string, given: number, found: number): BeeHiveError {
  return new ConcurrencyConflict(
    `${type}/${id}`,
    `${type} "${id}" has version ${found}, not ${given}: read it again and repeat the change.`,
  );
}
