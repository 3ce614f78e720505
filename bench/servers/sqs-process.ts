/** Serves SQS and SNS (fauxqs) and DynamoDB (dynalite) at one address, without a proxy. */
import { createServer } from "node:http";
import dynalite from "dynalite";
import { buildApp } from "fauxqs";

const sqs = buildApp({ logger: false });
await sqs.ready();
const dynamodb = dynalite({ createTableMs: 0, deleteTableMs: 0 });

createServer((request, response) => {
  const isDynamodb = String(request.headers["x-amz-target"]).startsWith("DynamoDB");
  (isDynamodb ? dynamodb : sqs.server).emit("request", request, response);
}).listen(Number(process.argv[2]), "127.0.0.1");
