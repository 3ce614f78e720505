import { dashboard, type Dashboard } from "beehive-actors/dashboard";
import { hive } from "../../../hive.ts";
import { authorize } from "../../../../operators.ts";

let ops: Promise<Dashboard> | undefined;

export async function GET(request: Request): Promise<Response> {
  ops ??= hive().then((made) => dashboard(made, { authorize }));
  return (await ops).fetch(request);
}

export const POST = GET;
