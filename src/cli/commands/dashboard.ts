import type * as Access from "../../web/dashboard/access.ts";
import { isEventType } from "../../events/event-type.ts";
import { isLoopback } from "../../web/http/origin.ts";
import { asOption, operatorOf, type AsOptions } from "../as.ts";
import { defineCommand, moduleArgument, type CliCommand, type CommandContext } from "../command.ts";
import { exitCode, UsageError } from "../exit-code.ts";
import { whole } from "../option-parsers.ts";
import { aborted } from "../terminal/interruption.ts";

interface Options extends AsOptions {
  readonly port: number;
  readonly host: string;
  readonly readOnly?: boolean;
  readonly environment?: string;
}

const passwordVariable = "BEEHIVE_DASHBOARD_PASSWORD";
const minPassword = 12;

export const dashboard: CliCommand = defineCommand<Options, [modules: string[]]>({
  name: "dashboard",
  summary: "see and steer the hives of a provider in a browser",
  description:
    "Serves a page with the graph of events, live; queues, dead letters by cause, traces, kept events, processes and " +
    "schedules; and with the acts of an operator. With modules it also knows the settings of their actors and the " +
    "schemas of their events.\n\nServes this machine only, unless the variable " +
    `${passwordVariable} holds a password of at least ${minPassword} characters, for which browsers ask. Other machines ` +
    "should reach it through TLS. Needs the package hono: npm install hono. To mount the page in an application, behind " +
    "its own login, see docs/dashboard.md.",
  define: (command) =>
    asOption(command)
      .argument("[modules...]", moduleArgument)
      .option("--provider <url>", "the provider to look at")
      .option("--port <n>", "the port to listen on; 0 picks a free one", whole(), 4000)
      .option("--host <address>", "the address to listen on", "127.0.0.1")
      .option("--read-only", "allow nobody to act")
      .option("--environment <name>", "a name at the top of the page, such as production"),
  examples: [
    ["beehive dashboard --provider sqlite:./hive.db", "at http://127.0.0.1:4000"],
    ["beehive dashboard src/actors.ts --provider postgres://localhost/shop", "with settings and schemas"],
    [`${passwordVariable}=… beehive dashboard --host 0.0.0.0`, "for other machines, with a password"],
  ],
  endsItself: true,
  async run(context, { port, host, readOnly, environment, as }, modules) {
    const { output, signal } = context;
    const { access, dashboardOf, serveDashboard } = await loaded();
    const password = process.env[passwordVariable];
    const authorize = authorizeBy(access, host, password, operatorOf({ ...(as !== undefined && { as }) }));
    const provider = await context.provider();
    const known = await knownParts(context, modules);
    const ops = dashboardOf(provider, { authorize, readOnly, environment }, known);
    const server = await serveDashboard(ops, port, host);
    const url = `http://${host.includes(":") ? `[${host}]` : host}:${server.port}/`;
    if (output.json) output.line({ state: "listening", url });
    else output.print(`Dashboard: ${url}`);
    await aborted(signal);
    await server.close();
    return exitCode.well;
  },
});

/** Loads the dashboard, which needs a package that the rest does not. */
async function loaded() {
  try {
    const { dashboardOf } = await import("../../web/dashboard/dashboard.ts");
    const { serveDashboard } = await import("../../web/dashboard/serve.ts");
    return { dashboardOf, serveDashboard, access: await import("../../web/dashboard/access.ts") };
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new UsageError("The dashboard needs a package that is not installed: npm install hono", { cause });
  }
}

function authorizeBy(
  access: typeof Access,
  host: string,
  password: string | undefined,
  user: string,
): Access.Authorize {
  if (password) {
    if (password.length < minPassword)
      throw new UsageError(`${passwordVariable} must have at least ${minPassword} characters.`);
    return access.withPassword(password);
  }
  if (isLoopback(host)) return access.loopbackOnly(user);
  throw new UsageError(
    `${host} is not this machine alone. Set ${passwordVariable}, or leave out --host to serve this machine only.`,
  );
}

/** Returns what the modules tell, which are optional. */
async function knownParts(context: CommandContext, modules: readonly string[]) {
  const { modules: configured = [] } = await context.settings();
  if (modules.length + configured.length === 0) return {};
  const { descriptors, pulsers, exports } = await context.application(modules);
  return { descriptors, pulsers, eventTypes: exports.filter(isEventType) };
}
