import type { CliCommand } from "../command.ts";
import { acts } from "./acts.ts";
import { backup } from "./backup.ts";
import { config } from "./config.ts";
import { dashboard } from "./dashboard.ts";
import { deadLetters } from "./dead-letters.ts";
import { dev } from "./dev.ts";
import { doctor } from "./doctor.ts";
import { estimate } from "./estimate.ts";
import { graph } from "./graph.ts";
import { history } from "./history.ts";
import { hives } from "./hives.ts";
import { init } from "./init.ts";
import { moreDeadLetters } from "./letters.ts";
import { lint } from "./lint.ts";
import { log } from "./log.ts";
import { pausing } from "./pause.ts";
import { logExport } from "./log-export.ts";
import { logImport } from "./log-import.ts";
import { peek } from "./peek.ts";
import { policy } from "./policy.ts";
import { cancel, purge } from "./purge.ts";
import { push } from "./push.ts";
import { queues } from "./queues.ts";
import { relay } from "./relay.ts";
import { replay } from "./replay.ts";
import { rewind } from "./rewind.ts";
import { run } from "./run.ts";
import { schedules } from "./schedules.ts";
import { schemaCheck } from "./schema-check.ts";
import { schemaFork } from "./schema-fork.ts";
import { schemaPush } from "./schema-push.ts";
import { set } from "./set.ts";
import { setup } from "./setup.ts";
import { simulate } from "./simulate.ts";
import { stages } from "./stages.ts";
import { trace } from "./trace.ts";

/** All commands, in the order of the help. A new command adds its line here. */
export const commands: readonly CliCommand[] = [
  init,
  run,
  dev,
  stages,
  push,
  relay,
  queues,
  dashboard,
  peek,
  ...deadLetters,
  ...moreDeadLetters,
  cancel,
  purge,
  ...pausing,
  set,
  hives,
  schedules,
  acts,
  trace,
  log,
  logExport,
  logImport,
  rewind,
  replay,
  history,
  setup,
  policy,
  backup,
  graph,
  lint,
  schemaCheck,
  schemaPush,
  schemaFork,
  simulate,
  doctor,
  estimate,
  config,
];
