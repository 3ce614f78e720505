import { Refusal } from "./refusal.ts";

/** The deepest nesting of a value: schemas and JSON.stringify call themselves for each level. */
const maxDepth = 100;

/**
 * Refuses values that harm code which reads them: names that reach a prototype, and deep nesting.
 *
 * @param at The place of the value, for the problem.
 * @throws Refusal 422 with the path.
 */
export function assertHarmless(value: unknown, at: string): void {
  // A list instead of recursion, since the value may nest more deeply than the stack.
  const left: { readonly value: unknown; readonly depth: number; readonly path: string }[] = [
    { value, depth: 0, path: at },
  ];
  for (let next = left.pop(); next; next = left.pop()) {
    const { value: one, depth, path } = next;
    if (typeof one !== "object" || one === null || one instanceof Uint8Array) continue;
    if (depth >= maxDepth) throw harmful(path, `it nests more deeply than ${maxDepth} levels`);
    for (const [name, member] of Object.entries(one)) {
      const isPrototype =
        name === "__proto__" || (name === "constructor" && Object.hasOwn(Object(member), "prototype"));
      if (isPrototype) throw harmful(path, `${name} is no name of a member`);
      // The path of each of many scalars would cost more than the walk.
      if (typeof member === "object" && member !== null)
        left.push({ value: member, depth: depth + 1, path: path === "" ? name : `${path}.${name}` });
    }
  }
}

const maxPath = 200;

function harmful(path: string, problem: string): Refusal {
  const problems = [{ path: path.slice(0, maxPath), problem }];
  return new Refusal(422, "The request holds what is refused for safety.", { problems });
}
