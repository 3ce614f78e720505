/** The properties of an entity, named as in the administration API, with defaults. */
export class Description {
  readonly properties: Readonly<Record<string, string>>;

  constructor(kind: EntityKind, given: Readonly<Record<string, string>> = {}) {
    this.properties = { ...defaults[kind], ...given };
  }

  number(name: string): number {
    return Number(this.properties[name]);
  }

  flag(name: string): boolean {
    return this.properties[name]?.toLowerCase() === "true";
  }

  /** Returns an ISO 8601 duration in ms. */
  duration(name: string): number {
    return durationMs(this.properties[name] ?? "");
  }

  /** The window of duplicate detection, in ms; 0 for none. */
  duplicateWindow(): number {
    return this.flag("RequiresDuplicateDetection") ? this.duration("DuplicateDetectionHistoryTimeWindow") : 0;
  }
}

export type EntityKind = "queue" | "topic" | "subscription" | "rule";

const forever = "P10675199DT2H48M5.4775807S";
const anyEntity = {
  DefaultMessageTimeToLive: forever,
  AutoDeleteOnIdle: forever,
  EnableBatchedOperations: "true",
  Status: "Active",
  EntityAvailabilityStatus: "Available",
};
const published = {
  MaxSizeInMegabytes: "1024",
  RequiresDuplicateDetection: "false",
  DuplicateDetectionHistoryTimeWindow: "PT10M",
  EnablePartitioning: "false",
  EnableExpress: "false",
  SupportOrdering: "true",
  MaxMessageSizeInKilobytes: "256",
};
const receivable = {
  LockDuration: "PT1M",
  RequiresSession: "false",
  DeadLetteringOnMessageExpiration: "false",
  MaxDeliveryCount: "10",
};

/** The defaults of Service Bus. */
const defaults: Readonly<Record<EntityKind, Readonly<Record<string, string>>>> = {
  queue: { ...anyEntity, ...published, ...receivable },
  topic: { ...anyEntity, ...published },
  subscription: { ...anyEntity, ...receivable, DeadLetteringOnFilterEvaluationExceptions: "true" },
  rule: {},
};

/** Returns an ISO 8601 duration of days and time in ms. */
function durationMs(text: string): number {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(text) ?? [];
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
}
