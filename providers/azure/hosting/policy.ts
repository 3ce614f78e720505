import { queueSpecs } from "../../../src/actors/topology.ts";
import type { LeastRights } from "../../../src/contract/provider-module.ts";
import { withRules } from "../../../src/hive/keep.ts";
import type { RightsRequest } from "../../../src/hive/open-provider.ts";
import { injectedStores } from "../../../src/actors/injection/injected-stores.ts";
import { storeKinds, type StoreKind } from "../../../src/actors/injection/tokens.ts";
import { tuningFrom } from "../config.ts";

/** A built-in role of Azure that an identity needs on a scope. */
export interface Role {
  readonly role: string;
  readonly scope: "Service Bus namespace" | "storage account";
  readonly reason: string;
}

export interface RoleOptions {
  /** True for a hive that makes its queues and counts their events. @default false */
  readonly setup?: boolean | undefined;
  /** The kinds of stores that the application uses. @default All of them. */
  readonly stores?: ReadonlySet<StoreKind> | undefined;
  /** True for a hive with pulsers, which remember when they fired. @default false */
  readonly pulsers?: boolean | undefined;
  /** True for a hive with a journal. @default false */
  readonly journal?: boolean | undefined;
  /** True for a hive that keeps topics. @default false */
  readonly kept?: boolean | undefined;
  /** True for a hive that follows operators and sends heartbeats. @default true */
  readonly controls?: boolean | undefined;
  /** True when bodies of large events go through the key-value store. @default false */
  readonly claimCheck?: boolean | undefined;
}

/**
 * Returns the least roles with which a hive works.
 *
 * Roles are for the whole namespace and the whole account, so they do not depend on the queues.
 *
 * @example
 * for (const { role, scope } of leastRoles({ setup: true })) console.log(role, "on the", scope);
 */
export function leastRoles(options: RoleOptions = {}): readonly Role[] {
  const { setup = false, stores = new Set(storeKinds), pulsers = false, journal = false, claimCheck = false } = options;
  const { controls = true, kept = false } = options;
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
    ...(uses("collection", "keyed list", "counters", "entities") || pulsers || journal || controls || kept
      ? [storage("Storage Table Data Contributor", "collections, keyed lists, counters, entities, pauses of operators")]
      : []),
    ...(uses("key-value", "locks") || pulsers || claimCheck || kept
      ? [storage("Storage Blob Data Contributor", "key-value stores and locks")]
      : []),
  ];
}

/** Returns the roles that `beehive policy` prints. */
export function leastRights(
  url: string,
  { descriptors, setup, journal, controls, keep, ...application }: RightsRequest,
): LeastRights {
  const { claimCheck } = tuningFrom(url);
  const { sources = false } = application;
  const injected = injectedStores(descriptors.map(({ actorType }) => actorType));
  const stores = application.stores ? undefined : new Set([...injected, ...(sources ? (["collection"] as const) : [])]);
  const pulsers = application.pulsers.length > 0;
  const follows = (controls ?? true) && (sources || pulsers || descriptors.length > 0);
  const publishers = [...application.pulsers, { publishes: application.publishes }];
  const kept = withRules(queueSpecs(descriptors, publishers), keep).some((spec) => spec.keep !== undefined);
  const roles = leastRoles({ setup, stores, pulsers, journal, controls: follows, claimCheck, kept });
  return {
    document: roles,
    table: [["ROLE", "SCOPE", "FOR"], ...roles.map(({ role, scope, reason }) => [role, scope, reason])],
  };
}
