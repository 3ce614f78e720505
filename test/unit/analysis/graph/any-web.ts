import fc from "fast-check";
import type { EventGraph } from "../../../../src/analysis/graph/event-graph.ts";
import { makeEventGraph } from "../../../../src/analysis/graph/make-event-graph.ts";
import { nameArbitrary } from "../../../property/arbitraries.ts";
import { actorOf, descriptorsOf } from "./graphs.ts";

/** Topics, and actors that read and publish to topics by index, modulo their number. */
interface Web {
  readonly topics: readonly string[];
  readonly actors: readonly { readonly name: string; readonly reads: number; readonly publishes: readonly number[] }[];
}

/** Names with a meaning in Mermaid, Graphviz, YAML, XML or AsyncAPI. */
const oddNames = [
  "end",
  "outside",
  'a"b',
  "x<y>&amp;z",
  "back\\slash\\n",
  "`md` **b**",
  "#35;",
  "]-->|x|",
  "%%c",
  "~",
  "- a: b",
  "style a:<b>",
  "classDef:#x",
  "javascript:x()",
  "null",
];

/** Topics, unique without regard to case, as the set-up requires. */
const topics = fc.uniqueArray(nameArbitrary, { minLength: 1, maxLength: 8, selector: (name) => name.toLowerCase() });

const actorName = fc.oneof(
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
    .filter((name) => !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(name)),
  fc.constantFrom(...oddNames),
);

export const anyWeb: fc.Arbitrary<Web> = fc.record({
  topics,
  actors: fc.uniqueArray(
    fc.record({ name: actorName, reads: fc.nat(), publishes: fc.array(fc.nat(), { maxLength: 4 }) }),
    { minLength: 1, maxLength: 10, selector: ({ name }) => name },
  ),
});

/** All odd names at once. */
export const oddWeb: Web = {
  topics: ["end", "Style", "null", "__proto__", "constructor"],
  actors: oddNames.map((name, index) => ({ name, reads: index, publishes: [index + 1] })),
};

export async function graphOfWeb({ topics: names, actors }: Web): Promise<EventGraph> {
  const topic = (index: number): string => names[index % names.length] ?? "";
  const classes = actors.map(({ name, reads, publishes }, index) =>
    actorOf(name, { [`${topic(reads)}-reader${index}`]: publishes.map((one) => `${topic(one)}-`) }),
  );
  return makeEventGraph({ descriptors: await descriptorsOf(...classes), entries: [`${topic(0)}-`] });
}
