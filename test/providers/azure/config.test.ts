import { ServiceBusClient } from "@azure/service-bus";
import * as assert from "uvu/assert";
import { completed, configFrom, tuningFrom } from "../../../providers/azure/config.ts";
import { AzureProvider } from "../../../providers/azure/index.ts";
import type { ServiceBusPlace } from "../../../providers/azure/places.ts";
import { Names } from "../../../providers/azure/queues/names.ts";
import { topologyProblems } from "../../../providers/azure/queues/topology.ts";
import { ServiceBusBroker } from "../../../providers/azure/testing/index.ts";
import { isBeeHiveError } from "../../../src/base/errors.ts";
import { Event } from "../../../src/events/event.ts";
import { QueueName } from "../../../src/events/queue-name.ts";
import { suite } from "../../support/suite.ts";
import { throwsCode } from "../../support/throws.ts";

const test = suite("Azure: configuration", { timeoutMs: 30_000 });
const storage = "UseDevelopmentStorage=true";

function problemsIn(work: () => unknown): string {
  try {
    work();
    return "";
  } catch (error) {
    assert.ok(isBeeHiveError(error, "InvalidConfiguration"), String(error));
    return error.message;
  }
}

test("without credentials the error names every variable", () => {
  const message = problemsIn(() => completed({}, {}));
  for (const name of [
    "AZURE_SERVICEBUS_CONNECTION_STRING",
    "AZURE_SERVICEBUS_NAMESPACE",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_ACCOUNT",
  ]) {
    assert.ok(message.includes(name), message);
  }
});

test("all mistakes are listed", () => {
  const message = problemsIn(() =>
    completed(
      { table: "no-hyphens", container: "No_Capitals" },
      { AZURE_SERVICEBUS_NAMESPACE: "shop", AZURE_STORAGE_ACCOUNT: "shop" },
    ),
  );
  for (const part of ["shop.servicebus.windows.net", "no-hyphens", "No_Capitals"])
    assert.ok(message.includes(part), message);
});

test("options of a URL have their types; unknown ones are refused", () => {
  const url = "azure:?claimCheck=true&poll=50&tryTimeout=2s&queuePrefix=";
  const { claimCheck, poll, tryTimeout, queuePrefix } = tuningFrom(url);
  assert.equal([claimCheck, poll, tryTimeout, queuePrefix], [true, 50, 2_000, ""]);
  const message = problemsIn(() => configFrom("azure:?claimCheck=yes&poll=0&colour=red"));
  for (const part of ["claimCheck", "poll", "colour"]) assert.ok(message.includes(part), message);
});

test("lengths of time of an object are numbers or texts", () => {
  const places = { serviceBus: { namespace: "shop.servicebus.windows.net" }, storage: { account: "shop" } };
  const { poll, tryTimeout, minLock } = completed({ ...places, poll: "2s", tryTimeout: 500 }, {});
  assert.equal([poll, tryTimeout, minLock], [2_000, 500, 5_000]);
  const message = problemsIn(() => completed({ ...places, poll: "0s", minLock: "25h" }, {}));
  for (const part of ["poll", "minLock"]) assert.ok(message.includes(part), message);
});

test("a signature without a key is refused for making and counting queues", async () => {
  const connectionString =
    "Endpoint=sb://127.0.0.1:1/;SharedAccessSignature=SharedAccessSignature sr=a&sig=b&se=1&skn=c";
  const provider = await AzureProvider.open({
    serviceBus: { connectionString },
    storage: { connectionString: storage },
  });
  const name = QueueName.parse("Orders-Reader");
  const spec = { name, ordered: false, leaseMs: 30_000, maxAttempts: 5 };
  const { message } = await throwsCode("AccessDenied", () => provider.queues.ensure([spec]));
  assert.match(message, "a connection string with a SharedAccessKey");
  await throwsCode("AccessDenied", () => provider.queues.counts(name));
  await provider.close();
});

test("variables are read as deployments write them", () => {
  const config = completed(
    {},
    { AZURE_SERVICEBUS_CONNECTION_STRING: "Endpoint=sb://a.b/;SharedAccessKey=x=\n", AZURE_STORAGE_ACCOUNT: "shop\n" },
  );
  assert.equal(
    [config.serviceBus, config.storage],
    [{ connectionString: "Endpoint=sb://a.b/;SharedAccessKey=x=" }, { account: "shop" }],
  );
});

test("a wrong variable is refused by its name, without its secret", () => {
  const message = problemsIn(() =>
    completed(
      {},
      {
        AZURE_SERVICEBUS_CONNECTION_STRING: '"Endpoint=sb://a.b/;SharedAccessKey=hunter2"',
        AZURE_STORAGE_CONNECTION_STRING: "hunter2",
      },
    ),
  );
  const places = problemsIn(() =>
    completed(
      {},
      { AZURE_SERVICEBUS_NAMESPACE: "sb://shop.servicebus.windows.net/", AZURE_STORAGE_ACCOUNT: "https://shop" },
    ),
  );
  assert.match(message, "AZURE_SERVICEBUS_CONNECTION_STRING is no connection string");
  assert.match(message, "AZURE_STORAGE_CONNECTION_STRING is no connection string");
  assert.not.match(message, "hunter2");
  assert.match(
    places,
    'AZURE_SERVICEBUS_NAMESPACE must be a host with its domain, such as shop.servicebus.windows.net, not "sb:',
  );
  assert.match(places, 'AZURE_STORAGE_ACCOUNT must be the name of an account, such as shop, not "https://shop"');
});

test("connection strings win over the variables of Entra ID", () => {
  const config = completed(
    {},
    {
      AZURE_SERVICEBUS_CONNECTION_STRING: "Endpoint=sb://a.b/",
      AZURE_SERVICEBUS_NAMESPACE: "a.b",
      AZURE_STORAGE_ACCOUNT: "shop.core.chinacloudapi.cn",
    },
  );
  assert.equal(
    [config.serviceBus, config.storage],
    [{ connectionString: "Endpoint=sb://a.b/" }, { account: "shop.core.chinacloudapi.cn" }],
  );
});

test("a connection string of one queue is refused where others are needed", async () => {
  const whole = "Endpoint=sb://127.0.0.1:1/;SharedAccessKeyName=k;SharedAccessKey=c2VjcmV0";
  const specs = ["Orders", "Orders-Pay"].map((name) => ({
    name: QueueName.parse(name),
    ordered: false,
    leaseMs: 30_000,
    maxAttempts: 5,
  }));
  const problems = async (serviceBus: ServiceBusPlace, count = 2): Promise<string> => {
    const provider = await AzureProvider.open({ serviceBus, storage: { connectionString: storage } });
    const found = provider.queues.problems(specs.slice(0, count)).join("\n");
    await provider.close();
    return found;
  };
  for (const one of [`${whole};EntityPath=queue-Orders`, `${whole}; entitypath = queue-Orders;`]) {
    const message = await problems({ connectionString: one });
    assert.match(message, /"queue-Orders" alone.*"Orders-Pay" is needed.*Shared access policies/);
    assert.not.match(message, /c2VjcmV0/);
    assert.is(await problems({ connectionString: one }, 1), "", "one queue is all that is needed");
  }
  assert.match(await problems({ client: new ServiceBusClient(`${whole};EntityPath=other`) }), /"other" alone/);
  for (const serviceBus of [{ connectionString: whole }, { client: new ServiceBusClient(whole) }])
    assert.is(await problems(serviceBus), "");
});

test("a connection string of one queue is refused with advice", async () => {
  await using broker = await ServiceBusBroker.start();
  const serviceBus = { connectionString: `${broker.connectionString};EntityPath=orders` };
  const provider = await AzureProvider.open({ serviceBus, storage: { connectionString: storage } });
  const name = QueueName.parse("Orders-Pay");
  const request = { max: 1, leaseMs: 1_000, waitMs: 1, signal: new AbortController().signal };
  const missing = { name, ordered: false, leaseMs: 1_000, maxAttempts: 5 };
  for (const work of [
    () => provider.queues.push([new Event("Refused")]),
    () => provider.queues.lease(name, request),
    () => provider.queues.missing([missing]),
    () => provider.queues.deadLetters(name)[Symbol.asyncIterator]().next(),
    () => provider.queues.drop(name, "1"),
  ]) {
    const { message } = await throwsCode("InvalidConfiguration", work);
    assert.match(message, /Could not .*Shared access policies/);
  }
  await provider.close();
});

test("connection strings that were exchanged are refused", () => {
  const message = problemsIn(() =>
    completed(
      {},
      {
        AZURE_SERVICEBUS_CONNECTION_STRING: "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=c2VjcmV0",
        AZURE_STORAGE_CONNECTION_STRING: "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKey=c2VjcmV0",
      },
    ),
  );
  assert.match(message, /of Service Bus is one of storage.*of storage is one of Service Bus/);
  assert.not.match(message, /c2VjcmV0/);
});

test("a namespace or account that is a URL is refused, with its name", () => {
  const message = problemsIn(() =>
    completed(
      {},
      { AZURE_SERVICEBUS_NAMESPACE: "sb://shop.servicebus.windows.net/", AZURE_STORAGE_ACCOUNT: "https://shop" },
    ),
  );
  assert.match(
    message,
    /must be a host with its domain, such as shop\.servicebus\.windows\.net.*AZURE_STORAGE_ACCOUNT/,
  );
});

test("a line break at the end of a variable is none of its text", () => {
  const config = completed(
    {},
    { AZURE_SERVICEBUS_NAMESPACE: "shop.servicebus.windows.net\n", AZURE_STORAGE_ACCOUNT: "shop\r\n" },
  );
  assert.equal(
    [config.serviceBus, config.storage],
    [{ namespace: "shop.servicebus.windows.net" }, { account: "shop" }],
  );
});

test("an account in another cloud gets the endpoints of that cloud", async () => {
  const credential = { getToken: () => Promise.resolve(null) };
  const provider = await AzureProvider.open({
    serviceBus: { namespace: "shop.servicebus.chinacloudapi.cn", credential },
    storage: { account: "shop.core.chinacloudapi.cn", credential },
  });
  await provider.close();
});

test("a malformed connection string is refused without its key", async () => {
  try {
    await AzureProvider.open({
      serviceBus: { connectionString: "SharedAccessKey=secret" },
      storage: { connectionString: storage },
    });
    assert.unreachable();
  } catch (error) {
    assert.ok(isBeeHiveError(error, "InvalidConfiguration"), String(error));
    assert.not.match(error.message, /secret/);
  }
});

test("a wrong key is AccessDenied, names the right and hides the key", async () => {
  await using broker = await ServiceBusBroker.start({ key: "right" });
  const connectionString = broker.connectionString.replace("=right", "=wrong");
  const provider = await AzureProvider.open({
    serviceBus: { connectionString },
    storage: { connectionString: storage },
    tryTimeout: 500,
  });
  try {
    await provider.queues.push([new Event("Refused")]);
    assert.unreachable();
  } catch (error) {
    assert.ok(isBeeHiveError(error, "AccessDenied"), String(error));
    assert.match(error.message, /Send/);
    assert.not.match(error.message, /wrong/);
  } finally {
    await provider.close();
  }
});

test("problems name each limit of the cloud", () => {
  const spec = { ordered: false, leaseMs: 30_000, maxAttempts: 10 };
  const problems = topologyProblems(
    [
      { ...spec, name: QueueName.parse(`Orders-${"x".repeat(51)}`) },
      { ...spec, name: QueueName.topic("Ends_") },
      { ...spec, name: QueueName.queue("x".repeat(260)) },
      { ...spec, name: QueueName.queue("Slow"), leaseMs: 301_000 },
      { ...spec, name: QueueName.queue("Stubborn"), maxAttempts: 2 ** 31 - 1 },
    ],
    new Names("queue-"),
  ).join("\n");
  for (const part of ["51 characters", "Ends_", "266 characters", "301000 ms", "2147483647"])
    assert.ok(problems.includes(part), problems);
});

test.run();
