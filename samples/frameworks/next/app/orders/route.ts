import { isBeeHiveError } from "beehive-actors";
import { OrderAccepted, Orders } from "../../../shop.ts";
import { hive } from "../../hive.ts";

export async function POST(request: Request): Promise<Response> {
  try {
    const event = OrderAccepted.create(OrderAccepted.parse(await request.json()));
    await (await hive()).push(event);
    return new Response(null, { status: 202 });
  } catch (error) {
    if (isBeeHiveError(error, "InvalidEvent") || error instanceof SyntaxError)
      return Response.json({ error: error.message }, { status: 400 });
    throw error;
  }
}

export async function GET(request: Request): Promise<Response> {
  const id = new URL(request.url).searchParams.get("id") ?? "";
  const order = await (await hive()).store(Orders).find(id);
  return order ? Response.json(order) : new Response(null, { status: 404 });
}
