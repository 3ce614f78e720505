import "reflect-metadata";
import {
  actorDescription,
  isBeeHiveError,
  type CollectionStore,
  type Event,
  type ProcessorActor,
} from "beehive-actors";
import { dashboard, nodeListener } from "beehive-actors/dashboard";
import { BeeHiveModule, Hive } from "beehive-actors/nest";
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Injectable,
  Module,
  NotFoundException,
  Param,
  Post,
  ServiceUnavailableException,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { edgeOf } from "./handlers.ts";
import { authorize } from "./operators.ts";
import { OrderAccepted, Orders, port, provider } from "./shop.ts";

type OrderStore = CollectionStore<{ id: string; status: "paid" }>;

/** Made by Nest for each event, with the store of its step. */
@Injectable()
@actorDescription("OrderAccepted-Payment")
class PaymentActor implements ProcessorActor {
  constructor(@Inject(Orders) readonly orders: OrderStore) {}

  async processAsync(event: Event) {
    await this.orders.upsert({ id: OrderAccepted.read(event).orderId, status: "paid" });
  }
}

@Controller()
class OrderController {
  constructor(@Inject(Hive) readonly hive: Hive) {}

  @Post("orders")
  @HttpCode(202)
  async accept(@Body() body: { orderId: string }) {
    try {
      await this.hive.push(OrderAccepted.create(body));
    } catch (error) {
      throw isBeeHiveError(error, "InvalidEvent") ? new BadRequestException(error.message) : error;
    }
  }

  @Get("orders/:id")
  async find(@Param("id") id: string) {
    const order = await this.hive.store(Orders).find(id);
    if (!order) throw new NotFoundException();
    return order;
  }

  @Get("health")
  async health() {
    const { ready, detail } = await this.hive.health();
    if (!ready) throw new ServiceUnavailableException(detail);
    return detail;
  }
}

@Module({
  imports: [BeeHiveModule.forRoot({ provider, stores: [Orders] })],
  controllers: [OrderController],
  providers: [PaymentActor],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false });
app.enableShutdownHooks(); // the hive drains on SIGTERM
app.use("/api", nodeListener(edgeOf(app.get(Hive))));
app.use("/ops", nodeListener(dashboard(app.get(Hive), { authorize })));
await app.listen(port);
console.log(`listening on ${new URL(await app.getUrl()).port}`);
