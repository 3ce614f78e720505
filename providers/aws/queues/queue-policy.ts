/*
 * Who may send to the queue of a subscription. One statement is ours, known by its Sid; others belong to whoever
 * added them, such as an EventBridge rule or a Deny, and stay.
 */

const ours = "TopicSends";

interface Policy {
  readonly Statement?: Statement | readonly Statement[];
}

interface Statement {
  readonly Sid?: string;
}

/** The policy with which the topic, too, may send to the queue. @param policy what the queue has, as JSON. */
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
