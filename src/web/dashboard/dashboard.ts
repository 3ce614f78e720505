import { standardErrorLogger, type Logger } from "../../base/logger.ts";
import { objectProblems, throwProblems } from "../../base/problems.ts";
import type { Provider } from "../../contract/provider.ts";
import { isEventType, type AnyEventType } from "../../events/event-type.ts";
import type { Hive } from "../../hive/hive.ts";
import type { Authorize } from "./access.ts";
import { appOf } from "./app.ts";
import { watchedOf, type KnownParts } from "./watched.ts";

/** The options of {@link dashboard}. */
export interface DashboardOptions {
  /** Decides who may look and act. There is no default: a dashboard without it would be open to everybody. */
  readonly authorize: Authorize;
  /** Allows nobody to act. @default false */
  readonly readOnly?: boolean | undefined;
  /** @default "BeeHive" */
  readonly title?: string | undefined;
  /** The name of the environment, such as `production`, at the top of the page. @default None. */
  readonly environment?: string | undefined;
  /** The event types of the form that sends events. @default those that actors name as `event` */
  readonly eventTypes?: readonly AnyEventType[] | undefined;
  /** Takes failures of requests. @default Standard error. */
  readonly logger?: Logger | undefined;
}

/** A web application. Returned by {@link dashboard}. */
export interface Dashboard {
  /** Responds to a request of the page. `from` is passed on to `authorize`. */
  fetch(request: Request, from?: unknown): Promise<Response>;
}

/**
 * Returns a web application to see and to steer the hives on a provider.
 *
 * Mounts under any path, also in Express, Fastify, Nest and `node:http` by `nodeListener`. Looks at the provider
 * only while somebody watches.
 *
 * @throws BeeHiveError `InvalidConfiguration` with every problem of the options.
 * @example
 * const ops = dashboard(hive, { authorize: (request) => operatorOf(request) });
 * app.all("/ops/*", (context) => ops.fetch(context.req.raw)); // Hono
 */
export function dashboard(source: Hive | Provider, options: DashboardOptions): Dashboard {
  return dashboardOf(source, options, {});
}

/** @internal The dashboard of a provider, of whose application more is known. */
export function dashboardOf(source: Hive | Provider, options: DashboardOptions, known: KnownParts): Dashboard {
  throwProblems(optionProblems(options), "The dashboard cannot be made");
  const {
    authorize,
    readOnly = false,
    title = "BeeHive",
    environment,
    eventTypes,
    logger = standardErrorLogger,
  } = options;
  const types = [...(eventTypes ?? []).filter(isEventType), ...(known.eventTypes ?? [])];
  const watched = watchedOf(source, { ...known, eventTypes: types });
  const app = appOf(watched, { authorize, readOnly, title, environment, logger });
  return { fetch: async (request, from) => await app.fetch(request, from) };
}

const optionNames: Readonly<Record<keyof DashboardOptions, true>> = {
  authorize: true,
  readOnly: true,
  title: true,
  environment: true,
  eventTypes: true,
  logger: true,
};

function optionProblems(options: unknown): string[] {
  const problems = objectProblems("dashboard's options", options);
  if (problems.length > 0) return problems;
  const { authorize, readOnly } = options as Partial<DashboardOptions>;
  return [
    ...Object.keys(options as object)
      .filter((name) => !Object.hasOwn(optionNames, name))
      .map((name) => `"${name}" is no option of dashboard; there are ${Object.keys(optionNames).join(", ")}`),
    ...(typeof authorize === "function"
      ? []
      : ["dashboard needs authorize, a function that returns who sends a request, such as { name, bodies: true }"]),
    ...(readOnly === undefined || typeof readOnly === "boolean" ? [] : ["readOnly must be true or false"]),
  ];
}
