/** Counts what a kill loses with each reliability: `npx tsx samples/games/main.ts`. */
import { lossOf, reliabilities } from "./reliability.ts";

for (const reliability of reliabilities) {
  const { told, known } = await lossOf(reliability, 300, process.execArgv);
  console.log(`${reliability.padEnd(15)} told of ${told} levels, ${Math.max(0, told - known)} lost`);
}
