import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import * as assert from "uvu/assert";
import { root } from "../../../support/cli.ts";
import { suite } from "../../../support/suite.ts";

const test = suite("the size of the client", { timeoutMs: 30_000 });

test("the client has less than 5 KB, and imports no package", async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, "src/web/client/index.ts")],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: ["es2022"],
  });
  const bytes = gzipSync(outputFiles[0]?.contents ?? "").byteLength;
  console.log(`the client: ${bytes} bytes, gzipped`);
  assert.ok(bytes < 5_000, `${bytes} bytes`);
  const inputs = Object.keys(metafile.inputs);
  assert.ok(
    inputs.every((file) => /^src\/(?:web\/client|base)\//.test(file)),
    inputs.join(", "),
  );
});

test.run();
