import { lingerMs, maxBatch, pollSeconds, roundTripMs } from "./calls.ts";
import { limits } from "./limits.ts";
import {
  cost,
  storeCalls,
  sum,
  useOf,
  type Circumstances,
  type Cost,
  type LimitUse,
  type ProviderPart,
  type Requests,
} from "./plan.ts";
import { monthHours, monthSeconds, prices } from "./prices.ts";
import type { Destination, Flow } from "./traffic.ts";

/** SQS and SNS bill each 64 KB of a request. */
const chunk = 65_536;

/** Requests, limits and costs of SQS, SNS and DynamoDB. */
export function onAws(given: Circumstances): ProviderPart {
  const requests = requestsOf(given);
  return {
    requests,
    limits: limitsOf(given, requests),
    costs: costsOf(given, requests),
    notes: [
      "A collection is one partition key of DynamoDB, which splits it between its ids while they do not grow with time.",
    ],
  };
}

function requestsOf({ traffic, processes, backlog }: Circumstances): Requests[] {
  const batch = (rate: number, windowMs: number): number =>
    backlog ? maxBatch : Math.min(maxBatch, 1 + ((rate / processes) * windowMs) / 1_000);
  const sent = traffic.destinations.flatMap((destination) => sendsOf(destination, batch));
  const handled = traffic.flows.flatMap((flow): Requests[] => {
    const { queue, rate, ordered, work } = flow;
    const service = sqs(ordered);
    const deliveries = rate * work.attempts;
    const retries = deliveries - rate;
    const idle = backlog ? 0 : (processes / pollSeconds) * Math.exp(-(deliveries / processes) * pollSeconds);
    const settling = roundTripMs + lingerMs;
    const to = queue;
    return [
      {
        service,
        action: "receive",
        to,
        perSecond: deliveries / batch(deliveries, roundTripMs) + idle,
        events: deliveries,
      },
      { service, action: "delete", to, perSecond: rate / batch(rate, settling), events: rate },
      { service, action: "visibility", to, perSecond: retries / batch(retries, settling), events: retries },
    ];
  });
  const stored = [...storeCalls(traffic)].flatMap(([to, { reads, writes }]): Requests[] => [
    { service: "DynamoDB", action: "read", to, perSecond: reads, events: reads },
    { service: "DynamoDB", action: "write", to, perSecond: writes, events: writes },
  ]);
  return [...sent, ...handled, ...stored].filter(({ perSecond }) => perSecond > 0);
}

/** Returns the sends to a queue, or the publications to the topics in SNS that stand for a topic. */
function sendsOf(
  { name, kind, rate, flows }: Destination,
  batch: (rate: number, windowMs: number) => number,
): Requests[] {
  const perSecond = rate / batch(rate, roundTripMs + lingerMs);
  if (kind === "queue")
    return [{ service: sqs(flows.some(isOrdered)), action: "send", to: name, perSecond, events: rate }];
  return snsTopics(flows).map((service) => ({ service, action: "publish", to: name, perSecond, events: rate }));
}

function snsTopics(flows: readonly Flow[]): ("SNS" | "SNS FIFO")[] {
  const ordered = flows.filter(isOrdered).length;
  return [
    ...(ordered < flows.length || ordered === 0 ? ["SNS" as const] : []),
    ...(ordered > 0 ? ["SNS FIFO" as const] : []),
  ];
}

function limitsOf({ traffic, slots }: Circumstances, requests: readonly Requests[]): (LimitUse | undefined)[] {
  const stores = [...storeCalls(traffic)];
  const inFlight = traffic.flows.map(({ queue, rate, work, retryMs }, n) => {
    // A message that waits for a retry is in flight, too.
    const waiting = (rate * (work.attempts - 1) * retryMs) / 1_000;
    return [queue, (slots[n]?.busy ?? 0) + waiting] as const;
  });
  const topics = (service: string): (readonly [string, number])[] => {
    const some = traffic.destinations.filter(
      ({ kind, flows }) => kind === "topic" && snsTopics(flows).some((one) => one === service),
    );
    return [["all topics", sum(some, ({ rate }) => rate)]];
  };
  const fifo = requests.filter(({ service }) => service === "SQS FIFO");
  const total = (of: "reads" | "writes"): (readonly [string, number])[] => [
    ["the table", sum(stores, ([, calls]) => calls[of])],
  ];
  return [
    useOf("SQS in flight", limits.sqsInFlight, inFlight, traffic),
    useOf(
      "SQS FIFO requests",
      limits.sqsFifo,
      fifo.map(({ to, action, perSecond }) => [`${to} ${action}`, perSecond] as const),
      traffic,
    ),
    useOf("SNS publishing", limits.snsStandard, topics("SNS"), traffic),
    useOf("SNS FIFO publishing", limits.snsFifo, topics("SNS FIFO"), traffic),
    useOf(
      "DynamoDB writes of a partition",
      limits.dynamoPartitionWrites,
      stores.map(([name, { writes }]) => [name, writes] as const),
      traffic,
    ),
    useOf(
      "DynamoDB reads of a partition",
      limits.dynamoPartitionReads,
      stores.map(([name, { reads }]) => [name, reads] as const),
      traffic,
    ),
    useOf("DynamoDB writes of a table", limits.dynamoTableWrites, total("writes"), traffic),
    useOf("DynamoDB reads of a table", limits.dynamoTableReads, total("reads"), traffic),
  ];
}

function costsOf({ processes, bytes }: Circumstances, requests: readonly Requests[]): Cost[] {
  const billed = ({ action, perSecond, events }: Requests): number =>
    ["send", "publish", "receive"].includes(action) ? Math.max(perSecond, (events * bytes) / chunk) : perSecond;
  const millions = (service: string, action?: string): number =>
    (sum(
      requests.filter((one) => one.service === service && (action === undefined || one.action === action)),
      billed,
    ) *
      monthSeconds) /
    1e6;
  return [
    cost("SQS", millions("SQS"), prices.sqsStandard),
    cost("SQS FIFO", millions("SQS FIFO"), prices.sqsFifo),
    cost("SNS", millions("SNS"), prices.snsStandard),
    cost("SNS FIFO", millions("SNS FIFO"), prices.snsFifo),
    cost("DynamoDB reads", millions("DynamoDB", "read"), prices.dynamoRead),
    cost("DynamoDB writes", millions("DynamoDB", "write"), prices.dynamoWrite),
    ...fargate(processes),
  ].filter(({ usd }) => usd > 0);
}

/** Returns the cost of processes with one vCPU and 2 GB each. */
export function fargate(processes: number): Cost[] {
  return [
    cost("Fargate processors", processes * monthHours, prices.fargateProcessor),
    cost("Fargate memory", processes * 2 * monthHours, prices.fargateMemory),
  ];
}

function sqs(ordered: boolean): "SQS" | "SQS FIFO" {
  return ordered ? "SQS FIFO" : "SQS";
}

function isOrdered({ ordered }: Flow): boolean {
  return ordered;
}
