import * as assert from "uvu/assert";
import { leastRoles, type RoleOptions } from "../../../providers/azure/hosting/policy.ts";
import type { StoreKind } from "../../../src/actors/injection/tokens.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Azure: least roles");

/** Returns the roles on the storage account. */
function onStorage(options: RoleOptions): string[] {
  const storage = leastRoles({ controls: false, ...options }).filter(({ scope }) => scope === "storage account");
  return storage.map(({ role }) => role.replace(/^Storage (\w+) .*/, "$1"));
}
const using = (...kinds: readonly StoreKind[]): ReadonlySet<StoreKind> => new Set(kinds);

test("the roles cover exactly the parts that a hive uses", () => {
  const stores = using();
  assert.equal(onStorage({ stores }), []);
  for (const kind of ["collection", "keyed list", "counters"] as const)
    assert.equal(onStorage({ stores: using(kind) }), ["Table"], kind);
  for (const kind of ["key-value", "locks"] as const) assert.equal(onStorage({ stores: using(kind) }), ["Blob"], kind);
  assert.equal(onStorage({ stores, pulsers: true }), ["Table", "Blob"]);
  assert.equal(onStorage({ stores, journal: true }), ["Table"]);
  assert.equal(onStorage({ stores, controls: undefined }), ["Table"]);
  assert.equal(onStorage({ stores, claimCheck: true }), ["Blob"]);
  assert.equal(onStorage({ stores, kept: true }), ["Table", "Blob"]);
  assert.equal(onStorage({}), ["Table", "Blob"]);
});

test.run();
