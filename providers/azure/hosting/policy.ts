import type { LeastRights } from "../../../src/contract/provider-module.ts";
import type { RightsRequest } from "../../../src/hive/open-provider.ts";
import { injectedStores } from "../../../src/injection/injected-stores.ts";
import { storeKinds, type StoreKind } from "../../../src/injection/tokens.ts";
import { optionsFrom } from "../config.ts";

/** A built-in role of Azure, and on what an identity needs it. */
export interface Role {
  readonly role: string;
  readonly scope: "Service Bus namespace" | "storage account";
  readonly reason: string;
}

export interface RoleOptions {
  /** Whether the hive makes its queues and counts what is in them. @default false */
  readonly setup?: boolean | undefined;
  /** The kinds of stores that the application uses. @default All of them. */
  readonly stores?: ReadonlySet<StoreKind> | undefined;
  /** Whether it has pulsers, which remember when they fired. @default false */
  readonly pulsers?: boolean | undefined;
  /** Whether it keeps a journal. @default false */
  readonly journal?: boolean | undefined;
  /** Whether large bodies travel as blobs. @default false */
  readonly claimCheck?: boolean | undefined;
}

/** The least roles with which a hive works. They are those of a namespace and an account, whatever the queues are. */
export function leastRoles(options: RoleOptions = {}): readonly Role[] {
  const { setup = false, stores = new Set(storeKinds), pulsers = false, journal = false, claimCheck = false } = options;
  const bus = (role: string, reason: string): Role => ({ role, scope: "Service Bus namespace", reason });
  const storage = (role: string, reason: string): Role => ({ role, scope: "storage account", reason });
  const uses = (...kinds: readonly StoreKind[]): boolean => kinds.some((kind) => stores.has(kind));
  return [
    ...(setup
      ? [bus("Azure Service Bus Data Owner", "to make queues, to count events, to send and receive")]
      : [
          bus("Azure Service Bus Data Sender", "to publish"),
          bus("Azure Service Bus Data Receiver", "to lease, settle and look at dead letters"),
        ]),
    ...(uses("collection", "keyed list", "counters") || pulsers || journal
      ? [storage("Storage Table Data Contributor", "collections, keyed lists and counters")]
      : []),
    ...(uses("key-value", "locks") || pulsers || claimCheck
      ? [storage("Storage Blob Data Contributor", "key-value stores and locks")]
      : []),
  ];
}

/** Returns the roles that `beehive policy` prints. */
export function leastRights(url: string, { descriptors, setup, journal, ...application }: RightsRequest): LeastRights {
  const { claimCheck } = optionsFrom(url);
  const stores = application.stores ? undefined : injectedStores(descriptors.map(({ actorType }) => actorType));
  const roles = leastRoles({ setup, stores, pulsers: application.pulsers.length > 0, journal, claimCheck });
  return {
    document: roles,
    table: [["ROLE", "SCOPE", "FOR"], ...roles.map(({ role, scope, reason }) => [role, scope, reason])],
  };
}
