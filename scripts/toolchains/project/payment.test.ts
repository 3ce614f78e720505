// Each runner puts a line before this one that imports its function `test`.
import { given } from "beehive-actors/testing";
import { OrderAccepted, OrderPaid, PaymentActor } from "./shop.js";

test("an accepted order is paid", async () => {
  await given()
    .when(OrderAccepted.create({ orderId: "1" }), PaymentActor)
    .then([OrderPaid.create({ orderId: "1" })]);
});
