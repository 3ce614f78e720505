import type { Ingestion } from "beehive-actors/http";
import { hive } from "../../../hive.ts";
import { edgeOf } from "../../../../handlers.ts";

let edge: Promise<Ingestion> | undefined;

export async function POST(request: Request): Promise<Response> {
  edge ??= hive().then(edgeOf);
  return (await edge).fetch(request);
}

export const GET = POST;
