import { actorDescription, eventType, RejectEvent, type Event, type ProcessorActor } from "beehive-actors";

export const OrderPlaced = eventType<{ id: string }>("OrderPlaced");

/** Prints its events; rejects broken ones. */
@actorDescription("OrderPlaced-Packing", { publishes: ["OrderPacked"], parallelism: 3 })
export class PackingActor implements ProcessorActor {
  async processAsync(event: Event) {
    const { id, broken } = event.getBody<{ id: string; broken?: string }>();
    if (broken === "type") throw new RejectEvent(`the order ${id} is broken`);
    if (broken === "bank") throw Object.assign(new RejectEvent("the bank is down"), { name: "BankIsDown" });
    console.log(`packed ${id}`);
    return [];
  }
}

@actorDescription("OrderPlaced-Mail")
export class MailActor implements ProcessorActor {
  async processAsync() {
    console.log("mailed");
  }
}
