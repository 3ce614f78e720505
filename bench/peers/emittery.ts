/** Three events of emittery, with asynchronous listeners. */
import Emittery from "emittery";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

serve(async (_settings, handled) => {
  const emitter = new Emittery<{ first: Body; second: Body; third: Body }>();
  emitter.on("first", async (body) => {
    handled(0, body);
    void emitter.emit("second", body);
  });
  emitter.on("second", async (body) => {
    handled(1, body);
    void emitter.emit("third", body);
  });
  emitter.on("third", async (body) => handled(2, body));
  return { push: (body) => emitter.emit("first", body), close: async () => emitter.clearListeners() };
});
