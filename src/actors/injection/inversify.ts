import * as library from "inversify";

/** Returns inversify, loaded with this file. For bundles, and for Node without `require` of ES modules. */
export function inversify(): typeof library {
  return library;
}
