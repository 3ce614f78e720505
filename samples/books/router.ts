import { actorDescription, RejectEvent, type Event, type ProcessorActor } from "beehive-actors";
import { ClosePeriod, IssueInvoice, PostEntry } from "./messages.ts";

const commands: ReadonlySet<string> = new Set([IssueInvoice, PostEntry, ClosePeriod].map(({ name }) => name));

/** Sends each command on to the topic of its type, which one service reads. It reads the envelope, never the payload. */
@actorDescription("Inbox-Router", { publishes: [IssueInvoice, PostEntry, ClosePeriod], ordered: true })
export class RouterActor implements ProcessorActor {
  async processAsync(event: Event): Promise<Event[]> {
    const { eventType: type } = event;
    if (!commands.has(type)) throw new RejectEvent(`Nobody receives the command ${type}.`);
    return [event.clone({ queueName: `${type}-` })];
  }
}
