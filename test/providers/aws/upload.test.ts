import * as assert from "uvu/assert";
import { partSize } from "../../../providers/aws/stores/upload.ts";
import { suite } from "../../support/suite.ts";

const test = suite("aws: parts of an upload");
const mib = 1024 ** 2;

test("given the parts that S3 takes, when they grow, then they hold what a stream may be, and none is too large", () => {
  const sizes = Array.from({ length: 10_000 }, (_, index) => partSize(index + 1));
  assert.equal([sizes[0], sizes[999], sizes[1_000]], [5 * mib, 5 * mib, 10 * mib]);
  assert.ok(Math.max(...sizes) <= 5_120 * mib);
  assert.ok(sizes.reduce((sum, size) => sum + size) >= 4.8 * mib * mib);
});

test.run();
