/** Leaner than the floor: no queue; each source event passes its three hops directly. */
import { randomUUID } from "node:crypto";
import type { Body } from "../child/body.ts";
import { serve } from "../child/serve.ts";

const hops = [0, 1, 2] as const;

serve(async (_settings, handled) => {
  const through = async (body: Body): Promise<void> => {
    let read = body;
    for (const hop of hops) {
      randomUUID();
      const text = JSON.stringify(read);
      read = await Promise.resolve(JSON.parse(text) as Body);
      handled(hop, read);
    }
  };
  return { push: through, close: async () => {} };
});
