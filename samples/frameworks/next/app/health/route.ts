import { hive } from "../../hive.ts";

export async function GET(): Promise<Response> {
  const { ready, detail } = await (await hive()).health();
  return Response.json(detail, { status: ready ? 200 : 503 });
}
