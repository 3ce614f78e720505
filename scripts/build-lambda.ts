/** Bundles Prismo's function into one file for Lambda: `npm run build:lambda`. */
import { bundle } from "./bundle.ts";

await bundle({ entry: "samples/prismo/lambda.ts", outfile: "dist-lambda/index.mjs" });
