import { queueSpecs } from "../../actors/topology.ts";
import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/error-text.ts";
import type { Provider } from "../../contract/provider.ts";
import type { Application } from "../application.ts";
import type { CommandContext } from "../command.ts";
import { MissingFile } from "../exit-code.ts";
import { urlWithoutOptions } from "../open-existing-provider.ts";
import { counted } from "../text.ts";
import { problem, skipped, well, type Finding } from "./finding.ts";
import { nodeFinding, packageFindings, peerFindings } from "./project.ts";
import { clockFinding, cureOf, queueFindings, rightFinding } from "./provider.ts";

/** Examines a project and its provider. Yields each finding as soon as it is known, the causes before the effects. */
export async function* findings(
  context: CommandContext,
  modules: readonly string[],
  { write }: { readonly write: boolean },
): AsyncIterable<Finding> {
  const folder = process.cwd();
  yield nodeFinding(process.versions.node);
  try {
    yield* [...packageFindings(folder), ...peerFindings(folder)];
  } catch (error) {
    yield problem("package", messageOf(error), "mend the file that the message names");
  }
  let settings;
  try {
    settings = await context.settings();
  } catch (error) {
    yield problem("configuration", messageOf(error), "mend the setting that the message names");
    return;
  }
  yield well("configuration", settings.file ?? "no file; the defaults hold");
  let application: Application | undefined;
  if (modules.length === 0 && (settings.modules ?? []).length === 0)
    yield skipped("modules", "none is named, here or in the configuration");
  else
    try {
      application = await context.application(modules);
      const { descriptors, pulsers } = application;
      const actors = new Set(descriptors.map(({ name }) => name)).size;
      const found = [
        counted(actors, "actor"),
        counted(descriptors.length, "subscription"),
        counted(pulsers.length, "pulser"),
      ];
      yield well("modules", found.join(", "));
    } catch (error) {
      yield problem("modules", messageOf(error), "the message names the file or the option to change");
    }
  yield* providerFindings(context, application, write);
}

async function* providerFindings(
  context: CommandContext,
  application: Application | undefined,
  write: boolean,
): AsyncIterable<Finding> {
  const url = (await context.settings()).provider;
  let provider: Provider;
  if (url === undefined && typeof application?.options.provider === "object") provider = application.options.provider;
  else if (url === undefined || url.startsWith("memory:")) {
    yield skipped("provider", "memory: belongs to one process; set a provider to have it examined");
    return;
  } else
    try {
      provider = await context.provider();
    } catch (error) {
      const cure =
        error instanceof MissingFile
          ? "run beehive setup with your modules, or start a worker, which creates it too"
          : cureOf(error);
      yield problem("provider", messageOf(error), cure);
      return;
    }
  const specs = application ? queueSpecs(application.descriptors, application.publishers) : [];
  yield well("provider", `${url === undefined ? provider.name : urlWithoutOptions(url)} is open`);
  yield* await queueFindings(provider, specs);
  if (write) yield await rightFinding(provider);
  yield await clockFinding(provider, systemClock);
  for (const text of (await provider.warnings?.()) ?? [])
    yield { check: "provider", state: "warning", text, cure: `docs/${provider.name}.md says what to watch` };
}
