/** A built-in role of Azure, and on what an identity needs it. */
export interface Role {
  readonly role: string;
  readonly scope: "Service Bus namespace" | "storage account";
  readonly reason: string;
}

export interface RoleOptions {
  /** Whether the hive makes its queues and counts what is in them; `false` unless said. */
  readonly setup?: boolean | undefined;
}

/** The least roles with which a hive works. They are those of a namespace, whatever the actors are. */
export function leastRoles({ setup = false }: RoleOptions = {}): readonly Role[] {
  const bus = (role: string, reason: string): Role => ({ role, scope: "Service Bus namespace", reason });
  const storage = (role: string, reason: string): Role => ({ role, scope: "storage account", reason });
  return [
    ...(setup
      ? [bus("Azure Service Bus Data Owner", "to make queues, to count events, to send and receive")]
      : [
          bus("Azure Service Bus Data Sender", "to publish"),
          bus("Azure Service Bus Data Receiver", "to lease, settle and look at dead letters"),
        ]),
    storage("Storage Table Data Contributor", "collections, keyed lists and counters"),
    storage("Storage Blob Data Contributor", "key-value stores and locks"),
  ];
}
