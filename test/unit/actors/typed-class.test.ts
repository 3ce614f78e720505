import * as assert from "uvu/assert";
import { z } from "zod";
import {
  actorDescription,
  type ActorContext,
  type ProcessorActor,
  type TypedContext,
} from "../../../src/actors/actor.ts";
import { actorsFrom } from "../../../src/actors/actors-from.ts";
import { bodyOf } from "../../../src/events/body-of.ts";
import { eventType } from "../../../src/events/event-type.ts";
import type { Event } from "../../../src/events/event.ts";
import { given } from "../../../src/testing/index.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const OrderAccepted = eventType("OrderAccepted", z.object({ orderId: z.string(), price: z.number() }), {
  version: 2,
  upcasters: { 1: (body: { orderId: string }) => ({ ...body, price: 7 }) },
});
const OrderPaid = eventType("OrderPaid", bodyOf<{ orderId: string; price: number }>());

@actorDescription("OrderAccepted-Payment", { event: OrderAccepted, publishes: [OrderPaid] })
class Payment implements ProcessorActor<typeof OrderAccepted> {
  async processAsync(_event: Event, { body, clock, logger }: TypedContext<typeof OrderAccepted>) {
    logger.debug({ at: clock.now() }, "paying");
    return [OrderPaid.create(body)];
  }
}

const test = suite("classes typed by their event");

test("a class whose options name its event gets the body", async () => {
  await given()
    .when(OrderAccepted.create({ orderId: "1", price: 4 }), Payment)
    .then([OrderPaid.create({ orderId: "1", price: 4 })]);
});

test("the body of an older version is upcast before the actor runs", async () => {
  await given()
    .when(eventType<{ orderId: string }>("OrderAccepted").create({ orderId: "1" }), Payment)
    .then([OrderPaid.create({ orderId: "1", price: 7 })]);
});

test("a body that does not fit fails before the actor runs", async () => {
  await given()
    .when(eventType<{ order: number }>("OrderAccepted").create({ order: 1 }), Payment)
    .thenThrows("BodyUnreadable");
});

test("an option event that is no event type is a problem", async () => {
  class Wrong implements ProcessorActor {
    async processAsync() {}
  }
  actorDescription("OrderAccepted-Wrong", { event: "OrderAccepted" as unknown as typeof OrderAccepted })(Wrong);
  assert.match(
    (await throwsCode("InvalidConfiguration", () => actorsFrom(Wrong))).message,
    'event must be an event type, not "OrderAccepted": make one',
  );
});

test("the compiler holds the class and the option event together", () => {
  class NeedsBody implements ProcessorActor<typeof OrderAccepted> {
    async processAsync(_event: Event, { body }: TypedContext<typeof OrderAccepted>) {
      // @ts-expect-error -- the body has no such field
      void body.customerId;
    }
  }
  // @ts-expect-error -- nothing names the event, so there would be no body
  actorDescription("OrderAccepted-A")(NeedsBody);
  // @ts-expect-error -- another event has another body
  actorDescription("OrderAccepted-A", { event: eventType<{ other: string }>("Other") })(NeedsBody);
  class NeedsNone implements ProcessorActor {
    async processAsync(event: Event<{ orderId: string }>, { attempt }: ActorContext) {
      void [event, attempt];
    }
  }
  actorDescription("OrderAccepted-A", { event: OrderAccepted })(NeedsNone);
});

test.run();
