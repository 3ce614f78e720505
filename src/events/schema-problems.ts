import type { StandardSchemaV1 } from "@standard-schema/spec";

type Issue = StandardSchemaV1.Issue;

const maxIssues = 20;
const maxPlace = 200;
const maxValues = 200;
/** The searched beginning of a long value, in characters. Libraries cut the values that they quote. */
const startLength = 16;

/**
 * Returns why a body does not fit a schema: the path of each problem, and the expectation.
 *
 * Masks values of the body that the library quotes: errors are logged and kept.
 */
export function schemaProblems(issues: readonly Issue[], body: unknown, schema: StandardSchemaV1): string {
  return problemsIn(issues, body, schema).map(problemText).join("; ");
}

/** A problem of a body, and its place, such as `lines.3.sku`; empty for the whole body. */
export interface BodyProblem {
  readonly path: string;
  readonly problem: string;
}

/** Returns the problems that {@link schemaProblems} joins. */
export function problemsIn(issues: readonly Issue[], body: unknown, schema: StandardSchemaV1): readonly BodyProblem[] {
  const names = namesIn(schema);
  const problems = issues.slice(0, maxIssues).map((issue) => problemOf(issue, body, names));
  const more = { path: "", problem: `and ${issues.length - maxIssues} more` };
  return issues.length > maxIssues ? [...problems, more] : problems;
}

/** Returns a problem as text. */
export function problemText({ path, problem }: BodyProblem): string {
  return path === "" ? problem : `${path}: ${problem}`;
}

/** The names of members that a schema knows; `undefined` when it does not say. */
function namesIn(schema: StandardSchemaV1): ReadonlySet<string> | undefined {
  const standard = schema["~standard"] as {
    readonly jsonSchema?: { input(options: { readonly target: string }): unknown };
  };
  try {
    const json = standard.jsonSchema?.input({ target: "draft-2020-12" }) ?? {};
    const says = Object.keys(json).some((key) => key !== "$schema");
    return says ? new Set(propertiesIn(json)) : undefined;
  } catch {
    return undefined;
  }
}

function* propertiesIn(json: unknown): Generator<string> {
  if (typeof json !== "object" || json === null) return;
  for (const [key, value] of Object.entries(json) as [string, unknown][]) {
    if (key === "properties" && typeof value === "object" && value !== null) yield* Object.keys(value);
    yield* propertiesIn(value);
  }
}

/** The shape of a name in a program. */
const nameShape = /^[A-Za-z_$][\w$-]{0,63}$/;

function problemOf(issue: Issue, body: unknown, names: ReadonlySet<string> | undefined): BodyProblem {
  const path = Array.from(issue.path ?? [], (part) => (typeof part === "object" ? part.key : part));
  const found = path.reduce<unknown>(memberOf, body);
  // A path that leads nowhere may be made of what is in the body.
  const texts = [...textsIn(found ?? body, { left: maxValues })];
  const isKnown = (key: string): boolean =>
    names ? names.has(key) : nameShape.test(key) && (found !== undefined || !texts.includes(key));
  const keys = path.map((key) => (typeof key === "number" || isKnown(String(key)) ? String(key) : "***"));
  const unknown = path.map(String).filter((key, index) => keys[index] === "***" && key !== "");
  const place = keys.join(".").slice(0, maxPlace);
  const problem = withoutValues(issue, [...unknown, ...texts, ...quotedKeys(issue, found, names)]);
  return { path: place, problem };
}

/** Returns the message. If it quotes one of the texts, returns the expectation of the schema or masks the texts. */
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

/** Members of the found value that the schema does not know and the message quotes. */
function quotedKeys({ message }: Issue, found: unknown, names: ReadonlySet<string> | undefined): string[] {
  if (typeof found !== "object" || found === null) return [];
  return Object.keys(found)
    .filter((key) => key !== "" && !names?.has(key) && /["'`]/.test(message) && message.includes(key))
    .slice(0, maxValues);
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  return (value as Readonly<Record<PropertyKey, unknown>> | undefined | null)?.[key];
}
