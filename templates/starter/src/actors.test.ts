import { test } from "node:test";
import { given } from "beehive-actors/testing";
import { CustomerRegistered, CustomerWelcomed, WelcomeActor } from "./actors.ts";

test("given nobody, when a customer registers, then the first one is welcomed", async () => {
  await given()
    .when(CustomerRegistered.create({ name: "Ada" }), WelcomeActor)
    .then([CustomerWelcomed.create({ name: "Ada", number: 1 })]);
});

test("given customers, when one more registers, then the number goes on", async () => {
  await given((stores) => stores.counters.increment("Customers", "all", 41))
    .when(CustomerRegistered.create({ name: "Grace" }), WelcomeActor)
    .then([CustomerWelcomed.create({ name: "Grace", number: 42 })]);
});
