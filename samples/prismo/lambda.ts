/** Prismo's actors as one Lambda function on all of their queues: `npm run build:lambda`, deploy/aws/lambda.yaml. */
import { sqsHandler, type SqsHandler } from "beehive-actors/aws/lambda";
import { Container } from "beehive-actors";
import * as actors from "./actors/index.ts";
import { Seed } from "./seed.ts";

const container = new Container();
container.bind(Seed).toConstantValue(1);

export const handler: SqsHandler = sqsHandler({
  actors,
  container,
  provider: process.env["BEEHIVE_PROVIDER"] ?? "aws:?prefix=prismo",
});
