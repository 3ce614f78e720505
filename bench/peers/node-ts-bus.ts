/** @node-ts/bus-core on its own queue in memory. */
import { Bus } from "@node-ts/bus-core";
import { Event } from "@node-ts/bus-messages";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

class First extends Event {
  $name = "bench/first";
  $version = 0;
  constructor(readonly body: Body) {
    super();
  }
}
class Second extends Event {
  $name = "bench/second";
  $version = 0;
  constructor(readonly body: Body) {
    super();
  }
}
class Third extends Event {
  $name = "bench/third";
  $version = 0;
  constructor(readonly body: Body) {
    super();
  }
}

const nothing = (): void => {};
const silent = { debug: nothing, trace: nothing, info: nothing, warn: nothing, error: nothing, fatal: nothing };

serve(async ({ concurrency }, handled) => {
  const bus = Bus.configure()
    .withLogger(() => silent)
    .withConcurrency(concurrency)
    .withHandler({
      messageType: First,
      messageHandler: async ({ body }: First) => {
        handled(0, body);
        await bus.publish(new Second(body));
      },
    })
    .withHandler({
      messageType: Second,
      messageHandler: async ({ body }: Second) => {
        handled(1, body);
        await bus.publish(new Third(body));
      },
    })
    .withHandler({
      messageType: Third,
      messageHandler: async ({ body }: Third) => handled(2, body),
    })
    .build();
  await bus.initialize();
  await bus.start();
  return { push: (body) => bus.publish(new First(body)), close: () => bus.dispose() };
});
