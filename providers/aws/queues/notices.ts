import type { Logger } from "../../../src/base/logger.ts";
import type { Event } from "../../../src/events/event.ts";

/*
 * Messages that AWS sends for itself. S3 sends them when notifications are set up, SNS when a queue is subscribed from
 * another account. They reach no actor.
 */

/** The source and the type of a notice as an event. */
export interface Notice {
  readonly source: "aws:s3" | "aws:sns";
  readonly type: "s3:TestEvent" | "SubscriptionConfirmation" | "UnsubscribeConfirmation";
}

/** Returns the notice in a message, known by its shape. */
export function noticeIn(message: Readonly<Record<string, unknown>>): Notice | undefined {
  const { Service, Event: event, Type, TopicArn } = message;
  if (Service === "Amazon S3" && event === "s3:TestEvent") return { source: "aws:s3", type: event };
  if (typeof TopicArn !== "string") return undefined;
  return Type === "SubscriptionConfirmation" || Type === "UnsubscribeConfirmation"
    ? { source: "aws:sns", type: Type }
    : undefined;
}

/** Returns whether an event is a notice of AWS. */
export function isNotice({ eventType, properties: { source } }: Event): boolean {
  return (
    (source === "aws:s3" && eventType === "s3:TestEvent") ||
    (source === "aws:sns" && (eventType === "SubscriptionConfirmation" || eventType === "UnsubscribeConfirmation"))
  );
}

/** Logs a notice that is deleted from its queue. */
export function logNotice({ eventType, queueName, properties }: Event, logger: Logger): void {
  const fields = { queue: queueName, ...properties };
  if (eventType === "s3:TestEvent")
    return logger.info(fields, "S3 tested its notifications to this queue; its message was deleted");
  logger.warn(
    fields,
    eventType === "SubscriptionConfirmation"
      ? "SNS requests confirmation of a subscription from another account; its message was deleted. Open " +
          "subscribeUrl, or subscribe with the credentials of the queue's account"
      : "SNS unsubscribed this queue from a topic; its message was deleted. Open subscribeUrl to subscribe it again",
  );
}
