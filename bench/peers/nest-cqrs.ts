/** The event bus of NestJS CQRS. Handlers get the event object itself. */
import "reflect-metadata";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { CqrsModule, EventBus, EventsHandler } from "@nestjs/cqrs";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

class First {
  constructor(readonly body: Body) {}
}
class Second {
  constructor(readonly body: Body) {}
}
class Third {
  constructor(readonly body: Body) {}
}

serve(async (_settings, handled) => {
  const parts: { bus?: EventBus } = {};
  @EventsHandler(First)
  class OnFirst {
    async handle({ body }: First): Promise<void> {
      handled(0, body);
      parts.bus?.publish(new Second(body));
    }
  }
  @EventsHandler(Second)
  class OnSecond {
    async handle({ body }: Second): Promise<void> {
      handled(1, body);
      parts.bus?.publish(new Third(body));
    }
  }
  @EventsHandler(Third)
  class OnThird {
    async handle({ body }: Third): Promise<void> {
      handled(2, body);
    }
  }
  @Module({ imports: [CqrsModule], providers: [OnFirst, OnSecond, OnThird] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  const bus = app.get(EventBus);
  parts.bus = bus;
  return { push: (body) => void bus.publish(new First(body)), close: () => app.close() };
});
