import { main } from "./shop.js";

await main(process.argv[2] ?? "memory:");
