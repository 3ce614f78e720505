/** A small web with a queue, a pulser, schemas, an entry, an actor of several subscriptions, and a cycle. */
import { actorDescription, eventType, pulse, type ProcessorActor } from "beehive-actors";
import { z } from "zod";

const line = z.object({
  sku: z.string(),
  quantity: z.number().int().min(1),
  get parts() {
    return z.array(line).optional();
  },
});

export const Uploaded = eventType("Uploaded", z.object({ file: z.url() }), { queueName: "Uploads", entry: true });
export const Parsed = eventType("Parsed", z.object({ lines: z.array(line) }), {
  version: 2,
  upcasters: { 1: (old: object) => old },
});
/** A date has no JSON Schema. */
export const Reported = eventType("Reported", z.object({ at: z.date() }));

export const dayEnded = pulse("DayEnded", { cron: "0 0 * * *", timezone: "Europe/Rome" });

class Actor implements ProcessorActor {
  async processAsync(): Promise<void> {}
}

@actorDescription("Uploads", { publishes: ["Parsed", "Rejected"] })
export class IntakeActor extends Actor {}

@actorDescription("Parsed-Split", { publishes: ["Parsed", "RowRead"] })
export class SplitActor extends Actor {}

@actorDescription("RowRead-Audit", { publishes: ["Invoices-Invoices"] })
@actorDescription("Rejected-Everything", { publishes: ["Invoices-Invoices"] })
export class AuditActor extends Actor {}

@actorDescription("Invoices")
export class BillingActor extends Actor {}

@actorDescription("DayEnded-Report", { publishes: ["Reported"] })
export class ReportActor extends Actor {}
