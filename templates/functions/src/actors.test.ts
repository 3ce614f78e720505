import { test } from "node:test";
import { given } from "beehive-actors/testing";
import { CustomerRegistered, CustomerWelcomed, Welcome } from "./actors.ts";

const ada = { customerId: "ada", name: "Ada" };

test("the first customer is welcomed as number 1", async () => {
  await given()
    .when(CustomerRegistered.create(ada), Welcome)
    .then([CustomerWelcomed.create({ ...ada, number: 1 })]);
});

test("the next customer gets the next number", async () => {
  await given((stores) => stores.counters.increment("Customers", "all", 41))
    .when(CustomerRegistered.create(ada), Welcome)
    .then([CustomerWelcomed.create({ ...ada, number: 42 })]);
});
