/** Prismo's actors as one Lambda function on all of their queues: `npm run build:lambda`, deploy/aws/lambda.yaml. */
import { sqsHandler, type SqsHandler } from "beehive-actors/aws/lambda";
import * as actors from "./actors/index.ts";
import { prismoContainer } from "./container.ts";

export const handler: SqsHandler = sqsHandler({
  actors,
  container: prismoContainer(),
  provider: process.env["BEEHIVE_PROVIDER"] ?? "aws:?prefix=prismo",
});
