/** Actors of nact: one for each hop, with its own mailbox. */
import { dispatch, spawnStateless, start, stop, type Ref } from "nact";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

serve(async (_settings, handled) => {
  const system = start();
  const third: Ref<Body> = spawnStateless(system, async (body: Body) => handled(2, body), "third");
  const second: Ref<Body> = spawnStateless(
    system,
    async (body: Body) => {
      handled(1, body);
      dispatch(third, body);
    },
    "second",
  );
  const first: Ref<Body> = spawnStateless(
    system,
    async (body: Body) => {
      handled(0, body);
      dispatch(second, body);
    },
    "first",
  );
  return { push: (body) => dispatch(first, body), close: async () => stop(system) };
});
