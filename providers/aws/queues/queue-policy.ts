/*
 * The access policy of a subscription's queue. One statement is ours, known by its Sid. Others, such as those of an
 * EventBridge rule or a Deny, stay.
 */

const ours = "TopicSends";

interface Policy {
  readonly Statement?: Statement | readonly Statement[];
}

interface Statement {
  readonly Sid?: string;
}

/** Returns the policy with the right of the topic to send. @param policy of the queue now, as JSON. */
export function withTopic(policy: string | undefined, queueArn: string, topicArn: string): string {
  const { Statement = [], ...rest } = (policy ? JSON.parse(policy) : { Version: "2012-10-17" }) as Policy;
  const others = [Statement].flat().filter(({ Sid }) => Sid !== ours);
  return JSON.stringify({ ...rest, Statement: [topicSends(queueArn, topicArn), ...others] });
}

function topicSends(queueArn: string, topicArn: string): object {
  return {
    Sid: ours,
    Effect: "Allow",
    Principal: { Service: "sns.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: queueArn,
    Condition: { ArnEquals: { "aws:SourceArn": topicArn } },
  };
}
