import type { StandardSchemaV1 } from "@standard-schema/spec";

type Issue = StandardSchemaV1.Issue;

const maxIssues = 20;
const maxPlace = 200;
const maxValues = 200;
/** The searched beginning of a long value, in characters: libraries cut the values that they quote. */
const startLength = 16;

/**
 * Returns why a body does not fit a schema: the path of each problem, and what the schema expects there.
 *
 * Masks values of the body that the library quotes: errors are logged and kept.
 */
export function schemaProblems(issues: readonly Issue[], body: unknown): string {
  const problems = issues.slice(0, maxIssues).map((issue) => problemOf(issue, body));
  return [...problems, ...(issues.length > maxIssues ? [`and ${issues.length - maxIssues} more`] : [])].join("; ");
}

function problemOf(issue: Issue, body: unknown): string {
  const path = (issue.path ?? []).map((part) => (typeof part === "object" ? part.key : part));
  const found = path.reduce<unknown>(memberOf, body);
  const place = path.map(String).join(".").slice(0, maxPlace);
  const message = withoutValues(issue, [...textsIn(found, { left: maxValues })]);
  return place === "" ? message : `${place}: ${message}`;
}

/** Returns the message; if it quotes one of the texts, the expectation of the schema or the message with masks. */
function withoutValues(issue: Issue, texts: readonly string[]): string {
  const patterns = texts.map(patternOf);
  const quotes = (text: string): boolean => patterns.some((pattern) => text.search(pattern) >= 0);
  if (!quotes(issue.message)) return issue.message;
  const { expected } = issue as { readonly expected?: unknown };
  if (typeof expected === "string" && !quotes(expected)) return `expected ${expected}`;
  return patterns.reduce((message, pattern) => message.replaceAll(pattern, "***"), issue.message);
}

/** Returns a pattern of a whole word; of a long text, its beginning and all that follows. */
function patternOf(text: string): RegExp {
  const start = text.slice(0, startLength).replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  return text.length > startLength ? new RegExp(`${start}[^]*`, "g") : new RegExp(`(?<!\\w)${start}(?!\\w)`, "g");
}

/** Yields the texts and numbers in a value, as a message may quote them. */
function* textsIn(value: unknown, budget: { left: number }): Generator<string> {
  if (--budget.left < 0) return;
  if (typeof value === "number" || typeof value === "bigint") yield String(value);
  if (typeof value === "string" && value !== "") yield* new Set([value, JSON.stringify(value).slice(1, -1)]);
  if (typeof value === "object" && value !== null) for (const one of Object.values(value)) yield* textsIn(one, budget);
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  return (value as Readonly<Record<PropertyKey, unknown>> | undefined | null)?.[key];
}
