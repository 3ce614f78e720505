import { BeeHiveError } from "../../base/errors.ts";
import { checkedDuration } from "../../base/checked-number.ts";
import type { Duration } from "../../base/duration.ts";
import { time } from "../../base/numbers.ts";
import { Event } from "../../events/event.ts";
import type { AlertSink } from "./alert.ts";

/** The headers and the patience of a webhook. */
export interface WebhookOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long the answer may take. @default "10s" */
  readonly timeout?: Duration | undefined;
}

/**
 * Returns a sink that posts alerts as JSON to a URL: `{ on, state, queue, since, value, text }`.
 *
 * @throws BeeHiveError `InvalidConfiguration` for a URL that is none.
 * @example
 * alerts: [{ on: "dead-letter", send: webhook("https://chat.example/hook", { headers: { authorization } }) }]
 */
export function webhook(url: string | URL, { headers = {}, timeout = "10s" }: WebhookOptions = {}): AlertSink {
  const timeoutMs = checkedDuration("webhook", "timeout", timeout, time);
  if (!URL.canParse(String(url)) || !/^https?:$/.test(new URL(url).protocol))
    throw new BeeHiveError("InvalidConfiguration", "webhook: the URL must begin with https:// or http://.");
  return async (alert) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(alert),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (!response.ok)
      throw new BeeHiveError("Unavailable", `The webhook of ${new URL(url).host} answered ${response.status}.`);
  };
}

/**
 * Returns a sink that publishes alerts as events, for actors of the same or another hive.
 *
 * Name the type in `publishes` of the hive, so that its topic exists.
 *
 * @example
 * createHive({ actors, publishes: ["AlertSent"], alerts: [{ on: "stuck", send: alertEvent("AlertSent") }] })
 */
export function alertEvent(type: string): AlertSink {
  return async ({ since, ...alert }, { push }) => {
    await push(new Event(type, { ...alert, since: since.toISOString() }));
  };
}
