import * as assert from "uvu/assert";
import { partSize } from "../../../providers/aws/stores/upload.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: uploads");
const mib = 1024 ** 2;

test("parts of an upload grow to hold any stream", () => {
  const sizes = Array.from({ length: 10_000 }, (_, index) => partSize(index + 1));
  assert.equal([sizes[0], sizes[999], sizes[1_000]], [5 * mib, 5 * mib, 10 * mib]);
  assert.ok(Math.max(...sizes) <= 5_120 * mib);
  assert.ok(sizes.reduce((sum, size) => sum + size) >= 4.8 * mib * mib);
});

test.run();
