/**
 * Prices in US dollars, without taxes, discounts, free amounts and data transfer. Check them before you rely on them.
 *
 * `date` is that of the published table with the price, and `source` the page of its provider to check it at. A list
 * price without a dated table is `recalled`.
 */
export interface Price {
  readonly usd: number;
  readonly per: string;
  readonly region: string;
  readonly date: string;
  readonly source: string;
  readonly recalled?: boolean;
}

const aws = { region: "us-east-1", date: "2026-03" } as const;
const azure = { region: "East US", date: "2026-05" } as const;
/** Tables of today have the same price, without a date. */
const recalled = { date: "2025-12", recalled: true } as const;
const serviceBus = "https://azure.microsoft.com/pricing/details/service-bus/";
const containerApps = "https://azure.microsoft.com/pricing/details/container-apps/";
const million = "1,000,000 requests";

/** The names of the prices. */
export type PriceName =
  | "sqsStandard"
  | "sqsFifo"
  | "snsStandard"
  | "snsFifo"
  | "dynamoRead"
  | "dynamoWrite"
  | "fargateProcessor"
  | "fargateMemory"
  | "rdsStorage"
  | "rdsProcessor"
  | "serviceBusBase"
  | "serviceBusUnit"
  | "containerProcessor"
  | "containerMemory"
  | "tableCalls";

export const prices: Readonly<Record<PriceName, Price>> = {
  sqsStandard: { usd: 0.4, per: million, source: "https://aws.amazon.com/sqs/pricing/", ...aws },
  sqsFifo: { usd: 0.5, per: million, source: "https://aws.amazon.com/sqs/pricing/", ...aws },
  snsStandard: { usd: 0.5, per: million, source: "https://aws.amazon.com/sns/pricing/", ...aws, date: "2026-06" },
  snsFifo: { usd: 0.3, per: million, source: "https://aws.amazon.com/sns/pricing/", ...aws, date: "2026-06" },
  dynamoRead: {
    usd: 0.125,
    per: "1,000,000 read units",
    source: "https://aws.amazon.com/dynamodb/pricing/",
    ...aws,
    date: "2025-07",
  },
  dynamoWrite: {
    usd: 0.625,
    per: "1,000,000 write units",
    source: "https://aws.amazon.com/dynamodb/pricing/",
    ...aws,
    date: "2025-07",
  },
  fargateProcessor: { usd: 0.04048, per: "vCPU and hour", source: "https://aws.amazon.com/fargate/pricing/", ...aws },
  fargateMemory: { usd: 0.004445, per: "GB and hour", source: "https://aws.amazon.com/fargate/pricing/", ...aws },
  rdsStorage: {
    usd: 0.115,
    per: "GB and month",
    source: "https://aws.amazon.com/rds/postgresql/pricing/",
    ...aws,
    date: "2026-06",
  },
  /** db.m6g, one zone: an instance of twice the size costs twice as much. */
  rdsProcessor: {
    usd: 0.0795,
    per: "vCPU and hour",
    source: "https://aws.amazon.com/rds/postgresql/pricing/",
    ...aws,
    recalled: true,
  },
  serviceBusBase: { usd: 0.0135, per: "hour", source: serviceBus, ...azure },
  serviceBusUnit: { usd: 0.9275, per: "messaging unit and hour", source: serviceBus, ...azure },
  containerProcessor: { usd: 0.000024, per: "vCPU and second", source: containerApps, ...azure, ...recalled },
  containerMemory: { usd: 0.000003, per: "GiB and second", source: containerApps, ...azure, ...recalled },
  tableCalls: {
    usd: 0.00036,
    per: "10,000 calls",
    source: "https://azure.microsoft.com/pricing/details/storage/tables/",
    ...azure,
    date: "2026-09",
  },
};

/**
 * The prices of operations of the standard tier of Service Bus, by the millions of a month from which each holds.
 *
 * Tables of today name the first; the last table with all of them is Microsoft's of 2014.
 */
export const serviceBusTiers: readonly { readonly from: number; readonly price: Price }[] = (
  [
    [13, 0.8, "2026-05"],
    [100, 0.5, "2014-11"],
    [2_500, 0.2, "2014-11"],
  ] as const
).map(([from, usd, date]) => ({
  from,
  price: { usd, per: "1,000,000 operations", source: serviceBus, ...azure, date },
}));

/** Hours of a month, as the clouds count them. */
export const monthHours = 730;
export const monthSeconds: number = monthHours * 3_600;
