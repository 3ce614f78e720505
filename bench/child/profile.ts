import { Session, type Profiler } from "node:inspector/promises";

/** Shares of the busy processor time, by the owner of the code; together 1. */
export type Shares = Readonly<Record<"library" | "sdk" | "node" | "collector" | "bench", number>>;

const samplingMicroseconds = 500;

/** Samples the stack of this process during `run`. */
export async function profiled(run: () => Promise<unknown>): Promise<Shares> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: samplingMicroseconds });
  await session.post("Profiler.start");
  await run();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return sharesOf(profile);
}

function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Shares {
  const owners = new Map(nodes.map(({ id, callFrame }) => [id, ownerOf(callFrame)]));
  const times = { library: 0, sdk: 0, node: 0, collector: 0, bench: 0 };
  let all = 0;
  for (const [n, id] of samples.entries()) {
    const owner = owners.get(id);
    if (!owner) continue;
    times[owner] += timeDeltas[n] ?? 0;
    all += timeDeltas[n] ?? 0;
  }
  const share = (time: number): number => (all === 0 ? 0 : time / all);
  return {
    library: share(times.library),
    sdk: share(times.sdk),
    node: share(times.node),
    collector: share(times.collector),
    bench: share(times.bench),
  };
}

/** Returns the owner of a frame; undefined for time in which the process waited. */
function ownerOf({ functionName, url }: Profiler.Profile["nodes"][number]["callFrame"]): keyof Shares | undefined {
  if (functionName === "(idle)") return undefined;
  if (functionName === "(garbage collector)") return "collector";
  if (/\/node_modules\/@(aws|smithy|azure)/.test(url)) return "sdk";
  if (url.includes("/bench/dist/")) return "bench";
  if (/\/dist\/(src|providers)\//.test(url) || url.includes("/node_modules/")) return "library";
  return "node";
}
