/** Servers that enforce a policy for each action and resource, as IAM does. */
import type { PolicyDocument } from "../../providers/aws/hosting/policy.ts";
import type { AwsRequest, Interference } from "./aws-servers.ts";

interface Asked {
  readonly action: string;
  readonly resource: string;
}

/** Enforces the policy; adds each refused request to `denied`, as "action on resource". */
export function enforcing(policy: PolicyDocument, denied: Set<string>): Interference {
  return (request) => {
    const asked = askedFor(request);
    if (!allows(policy, asked)) {
      denied.add(`${asked.action} on ${asked.resource}`);
      return refusal(request.action);
    }
    const bucket = { action: "s3:ListBucket", resource: asked.resource.split("/")[0] ?? "" };
    // S3 reports a missing object only to callers that may list the bucket.
    return asked.action === "s3:GetObject" && !allows(policy, bucket)
      ? (answer) => answer.replace("<Code>NoSuchKey</Code>", "<Code>AccessDenied</Code>")
      : undefined;
  };
}

function allows({ Statement }: PolicyDocument, { action, resource }: Asked): boolean {
  return Statement.some(
    ({ Action, Resource }) =>
      Action.includes(action) && (Resource === "*" || Resource.some((pattern) => matches(pattern, resource))),
  );
}

function matches(pattern: string, resource: string): boolean {
  return pattern.endsWith("*") ? resource.startsWith(pattern.slice(0, -1)) : pattern === resource;
}

/** Batches need the rights of each of their entries. */
function askedFor(request: AwsRequest): Asked {
  const [service = "", name = ""] = request.action.split(":");
  const action = service === "dynamodb" ? request.action : `${service}:${name.replace(/Batch$/, "")}`;
  const arn = (resource: string): string => `arn:aws:${service}:us-east-1:000000000000:${resource}`;
  if (service === "sqs") {
    const { QueueName, QueueUrl = "" } = JSON.parse(request.body) as { QueueName?: string; QueueUrl?: string };
    return { action, resource: arn(QueueName ?? QueueUrl.slice(QueueUrl.lastIndexOf("/") + 1)) };
  }
  if (service === "sns") {
    const form = new URLSearchParams(request.body);
    const topic = form.get("Name");
    return { action, resource: form.get("TopicArn") ?? (topic === null ? "*" : arn(topic)) };
  }
  if (service === "dynamodb") {
    const { TableName, RequestItems = {} } = JSON.parse(request.body) as { TableName?: string; RequestItems?: object };
    return { action, resource: arn(`table/${TableName ?? Object.keys(RequestItems)[0]}`) };
  }
  return askedOfS3(name, request.path);
}

function askedOfS3(method: string, path: string): Asked {
  const { pathname, searchParams } = new URL(path, "http://s3");
  const resource = `arn:aws:s3:::${pathname.replace(/^\/|\/$/g, "")}`;
  if (searchParams.has("lifecycle")) return { action: "s3:PutLifecycleConfiguration", resource };
  if (!resource.includes("/")) return { action: method === "PUT" ? "s3:CreateBucket" : "s3:ListBucket", resource };
  if (method === "DELETE" && searchParams.has("uploadId")) return { action: "s3:AbortMultipartUpload", resource };
  const actions: Readonly<Record<string, string>> = { GET: "GetObject", HEAD: "GetObject", DELETE: "DeleteObject" };
  return { action: `s3:${actions[method] ?? "PutObject"}`, resource };
}

function refusal(action: string): Exclude<ReturnType<Interference>, undefined> {
  if (!/^s(ns|3):/.test(action))
    return { status: 403, body: JSON.stringify({ __type: "com.amazon.coral.service#AccessDeniedException" }) };
  const code = action.startsWith("sns:") ? "AuthorizationError" : "AccessDenied";
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error>`;
  return {
    status: 403,
    headers: { "content-type": "text/xml" },
    body: action.startsWith("sns:") ? `<ErrorResponse>${error}</ErrorResponse>` : error,
  };
}
