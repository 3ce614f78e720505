/** Prismo for the command line: `npx beehive run samples/prismo/hive.ts --provider sqlite:prismo.db`. */
import type { HiveOptions } from "beehive-actors";
import { Container } from "beehive-actors";
import { defaultLease, journal } from "./app.ts";
import { Seed } from "./seed.ts";

export * from "./actors/index.ts";
export * from "./events.ts";

const container = new Container();
container.bind(Seed).toConstantValue(1);

export const hive: Partial<HiveOptions> = { container, journal, defaults: { lease: defaultLease } };
