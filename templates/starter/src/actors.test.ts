import { test } from "node:test";
import { given } from "beehive-actors/testing";
import { CustomerRegistered, CustomerWelcomed, WelcomeActor } from "./actors.ts";

const ada = { customerId: "ada", name: "Ada" };

test("given nobody, when a customer registers, then the first one is welcomed", async () => {
  await given()
    .when(CustomerRegistered.create(ada), WelcomeActor)
    .then([CustomerWelcomed.create({ ...ada, number: 1 })]);
});

test("given customers, when one more registers, then the number goes on", async () => {
  await given((stores) => stores.counters.increment("Customers", "all", 41))
    .when(CustomerRegistered.create(ada), WelcomeActor)
    .then([CustomerWelcomed.create({ ...ada, number: 42 })]);
});
