import { createRequire } from "node:module";
import type * as library from "inversify";

let loaded: typeof library | undefined;

/**
 * Returns inversify, loaded by the first call. It has three times as many files as the rest of an import.
 *
 * `imports` in `package.json` chooses between this file and `inversify.ts`.
 */
export function inversify(): typeof library {
  return (loaded ??= createRequire(import.meta.url)("inversify") as typeof library);
}
