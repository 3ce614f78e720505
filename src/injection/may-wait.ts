import type { Newable } from "inversify";
import { dependenciesOf } from "./injected-stores.ts";
import { metadataOf } from "./metadata.ts";

/** Returns whether a class may take time to be made: a `@postConstruct` of it, or of one below it, may be async. */
export function mayWait(type: object): boolean {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [type];
  while (waiting.length > 0) {
    const one = waiting.pop();
    if (typeof one !== "function" || seen.has(one)) continue;
    seen.add(one);
    if (metadataOf(one as Newable).lifecycle?.postConstructMethodNames.size) return true;
    waiting.push(...(dependenciesOf(one) ?? []));
  }
  return false;
}
