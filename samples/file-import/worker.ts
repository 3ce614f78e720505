/** Works on the imports of a database until it is killed. */
import { createHive, silentLogger } from "beehive-actors";
import * as actors from "./hive.ts";

const [provider = ""] = process.argv.slice(2);
const { hive: options, ...classes } = actors;
const hive = await createHive({ ...options, actors: classes, provider, logger: silentLogger });
await hive.start();
console.log("at work");
