import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";
import { stream, streamSSE } from "hono/streaming";
import { messageOf } from "../../base/error-text.ts";
import { BeeHiveError, type ErrorCode } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { safeText } from "../../base/safe-text.ts";
import { isFromPage, type Authorize } from "./access.ts";
import { act, actionNames, steps } from "./actions.ts";
import { keptPage, keptTopics } from "./kept.ts";
import { linesOf } from "./lines-of.ts";
import { letterGroups, letterOf } from "./letters.ts";
import { Looks } from "./looks.ts";
import { actsOf } from "./operations.ts";
import { pageFiles, type PageFiles } from "./page-files.ts";
import { folder, icon, pageHtml } from "./page-html.ts";
import { peekedRows, queueDetail } from "./queue-detail.ts";
import { typesOf } from "./sending.ts";
import { shownEvent } from "./shown-event.ts";
import { findEvent, traceOf } from "./traces.ts";
import type { Watched } from "./watched.ts";
import type { Me } from "./wire.ts";

export interface AppOptions {
  readonly authorize: Authorize;
  readonly readOnly: boolean;
  readonly title: string;
  readonly environment: string | undefined;
  readonly logger: Logger;
}

interface Variables {
  readonly operator: { readonly name: string; readonly act: boolean; readonly bodies: boolean };
}

type Call = Context<{ Variables: Variables }>;

const maxRequest = 1_048_576;
const maxMessage = 1_000;
/** Ends a stream after this time, in ms. The page connects anew, and is authorized anew. */
const streamMs = 300_000;
const yearS = 31_536_000;

/** The status of each refusal; other errors are failures of the provider. */
const statusOf: Partial<Record<ErrorCode, 400 | 404 | 409 | 413>> = {
  InvalidEvent: 400,
  InvalidQueueName: 400,
  InvalidKey: 400,
  InvalidConfiguration: 400,
  InvalidState: 409,
  NotFound: 404,
  QueueNotFound: 404,
  TooLarge: 413,
};

/** Makes the web application. Its paths are below `/-/`; each other path is the page. */
export function appOf(watched: Watched, options: AppOptions): Hono<{ Variables: Variables }> {
  const app = new Hono<{ Variables: Variables }>({ getPath: ({ url }) => ownPath(url) });
  const looks = new Looks(watched);
  let bundled: Promise<PageFiles> | undefined;
  const files = (): Promise<PageFiles> => (bundled ??= pageFiles());

  app.use(headers);
  app.use(async (call, next) => {
    const found = await options.authorize(call.req.raw, call.env);
    if (found instanceof Response) return found;
    if (typeof found?.name !== "string") return call.text("You may not see this dashboard.\n", 403);
    // A promise must not pass for true.
    const [mayAct = true, bodies] = await Promise.all([found.act, found.bodies].map(async (right) => right));
    call.set("operator", { name: found.name, act: mayAct === true, bodies: bodies === true });
    return await next();
  });
  const canAct = (call: Call): boolean => !options.readOnly && call.get("operator").act;
  const seesBodies = (call: Call): boolean => call.get("operator").bodies;

  app.get("/", async (call) =>
    call.html(pageHtml(new URL(call.req.url).pathname, options.title, await files()) as string),
  );
  app.get(`${folder}page.js`, async (call) => asset(call, (await files()).script, "text/javascript; charset=utf-8"));
  app.get(`${folder}page.css`, async (call) => asset(call, (await files()).style, "text/css; charset=utf-8"));
  app.get(`${folder}icon.svg`, (call) => asset(call, icon, "image/svg+xml"));

  app.get(`${folder}me`, async (call) => {
    const { title, environment } = options;
    const { version } = await files();
    const me: Me = {
      title,
      environment,
      user: call.get("operator").name,
      canAct: canAct(call),
      seesBodies: seesBodies(call),
      version,
    };
    return call.json(me);
  });
  app.get(`${folder}live`, async (call) => {
    if (call.req.raw.method === "HEAD") return call.body(null);
    const { version } = await files();
    return streamSSE(call, async (sse) => {
      const over = new AbortController();
      sse.onAbort(() => over.abort());
      const timer = watched.clock.after(streamMs, () => over.abort());
      over.signal.addEventListener("abort", () => timer.cancel());
      await sse.writeSSE({ event: "version", data: version });
      for await (const look of looks.follow(over.signal))
        await (look ? sse.writeSSE({ data: JSON.stringify(look) }) : sse.write(": \n\n"));
    });
  });

  app.get(`${folder}drawing`, async (call) => call.json(await looks.drawing()));
  app.get(`${folder}queue`, async (call) => call.json(await queueDetail(asked(call, "name"), watched, looks)));
  app.get(`${folder}peek`, async (call) => call.json(await peekedRows(asked(call, "name"), watched, seesBodies(call))));
  app.get(`${folder}letters`, async (call) => {
    const { queues } = await looks.now();
    const named = call.req.query("queue");
    const chosen = queues.filter(({ name, dead }) => (named === undefined ? dead > 0 : name === named));
    return call.json(
      await letterGroups(
        chosen.map(({ name }) => name),
        watched,
      ),
    );
  });
  app.get(`${folder}letter`, async (call) =>
    call.json(await letterOf(asked(call, "queue"), asked(call, "id"), watched, seesBodies(call))),
  );
  app.get(`${folder}export`, async (call) => {
    if (!seesBodies(call)) return call.json({ error: "An export holds bodies, which are hidden from you." }, 403);
    const [queue, group] = [watched.operator.queue(asked(call, "queue")), asked(call, "group")];
    const failed = (error: unknown): void =>
      options.logger.error({ err: error }, "an export of the dashboard failed in the middle");
    const lines = await linesOf(queue.exportLetters({ group }), failed);
    call.header("content-type", "application/x-ndjson");
    call.header("content-disposition", `attachment; filename="${queue.name}.ndjson"`);
    return call.body(lines);
  });
  app.get(`${folder}trace`, async (call) => call.json(await traceOf(asked(call, "id"), watched)));
  app.get(`${folder}event`, async (call) => {
    const place = { id: asked(call, "id"), destination: asked(call, "destination"), queue: call.req.query("queue") };
    const event = await findEvent({ ...place, time: numberIn(call, "time") ?? 0 }, watched);
    return event
      ? call.json(shownEvent(event, seesBodies(call)))
      : call.json({ error: "No queue has it any more." }, 404);
  });
  app.get(`${folder}topics`, async (call) => call.json(await keptTopics(watched)));
  app.get(`${folder}kept`, async (call) => {
    const bounds = { before: numberIn(call, "before"), key: call.req.query("key") };
    return call.json(await keptPage(asked(call, "topic"), bounds, watched, seesBodies(call)));
  });
  app.get(`${folder}acts`, async (call) => call.json(await actsOf(watched, call.req.query("on"))));
  app.get(`${folder}types`, (call) => call.json(typesOf(watched)));

  app.use(`${folder}do/*`, bodyLimit({ maxSize: maxRequest }));
  app.use(`${folder}do/*`, async (call, next) => {
    if (!isFromPage(call.req.raw)) return call.json({ error: "Only the page of this dashboard may act." }, 403);
    if (!canAct(call)) return call.json({ error: "You may look, and not act." }, 403);
    await next();
    return undefined;
  });
  app.post(`${folder}do/requeue`, async (call) => {
    const over = new AbortController();
    const progress = steps(await bodyIn(call), { watched, by: call.get("operator").name }, over.signal);
    return stream(call, async (lines) => {
      lines.onAbort(() => over.abort());
      for await (const line of progress) await lines.write(`${JSON.stringify(line)}\n`);
      await looks.again();
    });
  });
  for (const name of actionNames)
    app.post(`${folder}do/${name}`, async (call) => {
      const result = await act(name, await bodyIn(call), { watched, by: call.get("operator").name });
      await looks.again();
      return call.json(result);
    });

  app.notFound((call) => call.json({ error: "Not found." }, 404));
  app.onError((error, call) => {
    const status = error instanceof BeeHiveError ? (statusOf[error.code] ?? 502) : 500;
    if (status >= 500) options.logger.error({ err: error }, "a request of the dashboard failed");
    const text = status === 500 ? "It failed; the log of the server says why." : safeText(messageOf(error), maxMessage);
    return call.json({ error: text }, status);
  });
  return app;
}

/** Returns the path below the place where the dashboard is mounted; `/` for the page. */
function ownPath(url: string): string {
  const { pathname } = new URL(url);
  const at = pathname.lastIndexOf(folder);
  return at === -1 ? "/" : pathname.slice(at);
}

/** All comes from here, no script stands in the page, and no site may frame it. */
const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    requireTrustedTypesFor: ["'script'"],
  },
  xFrameOptions: "DENY",
  referrerPolicy: "no-referrer",
  // The host decides about TLS, and may serve other things.
  strictTransportSecurity: false,
});

function asset(call: Call, content: string, type: string): Response {
  return call.body(content, 200, { "content-type": type, "cache-control": `private, max-age=${yearS}, immutable` });
}

function asked(call: Call, name: string): string {
  const value = call.req.query(name);
  if (value) return value;
  throw new BeeHiveError("InvalidKey", `The request has no ${name}.`);
}

function numberIn(call: Call, name: string): number | undefined {
  const text = call.req.query(name);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new BeeHiveError("InvalidKey", `${name} must be a whole number.`);
}

async function bodyIn(call: Call): Promise<unknown> {
  try {
    return await call.req.json();
  } catch (cause) {
    throw new BeeHiveError("InvalidKey", "The request is no JSON.", { cause });
  }
}
