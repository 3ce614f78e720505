import { ownManifest } from "../../base/package-root.ts";

/** The form of a starter. */
export interface Choices {
  readonly style: "classes" | "functions";
  /** Where the starter runs in production. It is developed on SQLite. */
  readonly provider: "sqlite" | "postgres" | "azure" | "aws";
  readonly runner: "node" | "vitest";
  readonly manager: "npm" | "pnpm" | "yarn";
}

type Name = keyof Choices;

/** A question of `beehive init`. */
export interface Question {
  readonly name: Name;
  /** The answers in help texts. */
  readonly summary: string;
  readonly text: string;
  /** The answers with a note on each; the first is the default. */
  readonly answers: Readonly<Record<string, string>>;
}

/** A question whose answers are those of its choice. */
type Answered = { readonly [K in Name]: Question & { readonly name: K; readonly answers: Record<Choices[K], string> } };

export const questions: readonly Answered[Name][] = [
  {
    name: "style",
    summary: "how the actors are written",
    text: "How are the actors written?",
    answers: { classes: "with @actorDescription", functions: "without decorators, typed by their events" },
  },
  {
    name: "provider",
    summary: "where they run in production; they are developed on SQLite",
    text: "Where do they run in production? They are developed on SQLite, in a file.",
    answers: {
      sqlite: "one machine, nothing else to run",
      postgres: "many machines on one PostgreSQL",
      azure: "Service Bus, Tables and Blobs",
      aws: "SQS, SNS, DynamoDB and S3",
    },
  },
  {
    name: "runner",
    summary: "what runs the tests",
    text: "What runs the tests?",
    answers: { node: "node --test, nothing to install", vitest: "" },
  },
  {
    name: "manager",
    summary: "what installs packages (default: what runs this)",
    text: "What installs packages?",
    answers: { npm: "", pnpm: "", yarn: "version 1" },
  },
];

/**
 * Returns the given choices with the answers to what is left open.
 *
 * @param answer Answers a question. It gets the answer by default.
 */
export async function choicesOf(
  given: Partial<Choices>,
  environment: NodeJS.ProcessEnv,
  answer: (question: Question, byDefault: string) => Promise<string>,
): Promise<Choices> {
  const choices: Partial<Record<Name, string>> = {};
  for (const question of questions) {
    const { name, answers } = question;
    const names = Object.keys(answers);
    const byDefault = (name === "manager" ? runningManager(names, environment) : undefined) ?? names[0] ?? "";
    choices[name] = given[name] ?? (await answer(question, byDefault));
  }
  return choices as Choices;
}

/** Returns the package manager that runs this process, as `pnpm create` does. */
function runningManager(names: readonly string[], environment: NodeJS.ProcessEnv): string | undefined {
  const agent = environment["npm_config_user_agent"] ?? "";
  return names.find((name) => agent.startsWith(`${name}/`));
}

const isOf: Readonly<Record<Choices["provider"], (name: string) => boolean>> = {
  sqlite: () => false,
  postgres: (name) => name === "pg",
  azure: (name) => name.startsWith("@azure/"),
  aws: (name) => name.startsWith("@aws-sdk/"),
};

/** Returns the packages of a provider with their versions. */
export function packagesOf(provider: Choices["provider"]): Readonly<Record<string, string | undefined>> {
  const { peerDependencies: peers } = ownManifest();
  const names = Object.keys(peers).filter((name) => isOf[provider](name));
  return Object.fromEntries(names.map((name) => [name, peers[name]]));
}
