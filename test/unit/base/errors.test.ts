import * as assert from "uvu/assert";
import {
  BeeHiveError,
  ConcurrencyConflict,
  isBeeHiveError,
  PauseSubscription,
  RejectEvent,
  RetryLater,
} from "../../../src/base/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("Errors");

test("an error keeps its code, its cause and its name", () => {
  const cause = new Error("below");
  const error = new BeeHiveError("Unavailable", "down", { cause });
  assert.ok(error instanceof Error);
  assert.equal([error.name, error.code, error.message, error.cause], ["BeeHiveError", "Unavailable", "down", cause]);
  assert.match(error.stack ?? "", "BeeHiveError: down");
});

test("a code says whether a repeated step can succeed", () => {
  assert.equal(
    (["InvalidEvent", "BodyUnreadable", "Rejected", "InvalidState"] as const).map(
      (code) => new BeeHiveError(code, "").retryable,
    ),
    [false, false, false, false],
  );
  assert.equal(
    (["Unavailable", "LeaseLost", "Throttled", "BelowMinimum"] as const).map(
      (code) => new BeeHiveError(code, "").retryable,
    ),
    [true, true, true, true],
  );
});

test("errors for actors to throw carry their times and reasons", () => {
  const cause = new Error("below");
  const reject = new RejectEvent("no lines", { cause });
  assert.equal([reject.name, reject.code, reject.retryable, reject.cause], ["RejectEvent", "Rejected", false, cause]);
  const later = new RetryLater(500);
  assert.equal([later.name, later.delayMs, later.retryable], ["RetryLater", 500, true]);
  assert.match(later.message, "500 ms");
  assert.equal([new PauseSubscription(7).pauseMs, new ConcurrencyConflict("item", "changed").resource], [7, "item"]);
});

test("isBeeHiveError recognises errors of the library by code", () => {
  const error: unknown = new RejectEvent("no");
  assert.equal(
    [isBeeHiveError(error), isBeeHiveError(error, "Rejected"), isBeeHiveError(error, "NotFound")],
    [true, true, false],
  );
  for (const other of [new Error("Rejected"), { code: "Rejected" }, undefined]) assert.not(isBeeHiveError(other));
});

test.run();
