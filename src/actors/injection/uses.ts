import type { Injectable } from "./container.ts";

/** Dependencies by the names under which a function gets them. */
export type Uses = Readonly<Record<string, Injectable>>;

/** The dependencies of a function as they are injected. */
export type Used<U extends Uses> = { readonly [K in keyof U]: U[K] extends Injectable<infer T> ? T : never };

/** Returns the injected dependencies by name. @param injected They are in the order of `uses`. */
export function usedIn(uses: Uses, injected: readonly unknown[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(uses).map((name, index) => [name, injected[index]]));
}
