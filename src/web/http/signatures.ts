import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { checkedDuration } from "../../base/checked-number.ts";
import type { Duration } from "../../base/duration.ts";
import { BeeHiveError } from "../../base/errors.ts";
import { time } from "../../base/numbers.ts";

/** A signed body, and the headers beside it. */
export interface Signed {
  readonly headers: Headers;
  /** The body as it was sent: a signature is of its bytes. */
  readonly bytes: Uint8Array;
  /** Now, in ms since the epoch. */
  readonly now: number;
}

/** Checks who signed a request. Made by {@link standardWebhooks}, {@link githubWebhooks} and {@link stripeWebhooks}. */
export interface Signature {
  /**
   * Returns the identity of the message, which is the same when it is sent again; `undefined` for a false signature.
   *
   * Its events have ids of it, so that a repetition is a duplicate.
   */
  verify(signed: Signed): string | undefined;
}

/** The secrets of a signature, and its window. */
export interface SignatureOptions {
  /** The shared secret; several while one takes the place of another. */
  readonly secret: string | readonly string[];
  /** The age up to which a signature with a time is valid. @default "5m" */
  readonly tolerance?: Duration | undefined;
}

/**
 * Checks webhooks of the [Standard Webhooks](https://www.standardwebhooks.com) form: Svix, OpenAI, Clerk and others.
 *
 * @param options `secret`: as the sender shows it, `whsec_` and base64.
 * @example
 * { signature: standardWebhooks({ secret: process.env.WEBHOOK_SECRET }), ingest }
 */
export function standardWebhooks(options: SignatureOptions): Signature {
  const { keys, toleranceMs } = checked("standardWebhooks", options, (secret) =>
    Buffer.from(secret.replace(/^whsec_/, ""), "base64"),
  );
  return {
    verify({ headers, bytes, now }) {
      const [id = "", sent = "", given = ""] = ["id", "timestamp", "signature"].map(
        (name) => headers.get(`webhook-${name}`) ?? "",
      );
      if (id === "" || !isNear(sent, now, toleranceMs)) return undefined;
      const signatures = given.split(" ").flatMap((one) => (one.startsWith("v1,") ? [one.slice(3)] : []));
      return isSigned(keys, [`${id}.${sent}.`, bytes], signatures, "base64") ? id : undefined;
    },
  };
}

/** Checks webhooks of GitHub, which sign no time: their identity is the body, so that one sent again is a duplicate. */
export function githubWebhooks(options: Omit<SignatureOptions, "tolerance">): Signature {
  const { keys } = checked("githubWebhooks", options, bytesOf);
  return {
    verify({ headers, bytes }) {
      const given = headers.get("x-hub-signature-256") ?? "";
      const signatures = given.startsWith("sha256=") ? [given.slice("sha256=".length)] : [];
      return isSigned(keys, [bytes], signatures, "hex") ? digestOf(bytes) : undefined;
    },
  };
}

/** Checks webhooks of Stripe. */
export function stripeWebhooks(options: SignatureOptions): Signature {
  const { keys, toleranceMs } = checked("stripeWebhooks", options, bytesOf);
  return {
    verify({ headers, bytes, now }) {
      const parts = (headers.get("stripe-signature") ?? "").split(",").map((part) => part.trim());
      const valuesOf = (name: string): string[] =>
        parts.flatMap((part) => (part.startsWith(`${name}=`) ? [part.slice(name.length + 1)] : []));
      const [sent = ""] = valuesOf("t");
      if (!isNear(sent, now, toleranceMs)) return undefined;
      return isSigned(keys, [`${sent}.`, bytes], valuesOf("v1"), "hex") ? digestOf(bytes) : undefined;
    },
  };
}

interface Checked {
  readonly keys: readonly Buffer[];
  readonly toleranceMs: number;
}

const minSecret = 8;
const bytesOf = (secret: string): Buffer => Buffer.from(secret);

function checked(
  of: string,
  { secret, tolerance = "5m" }: SignatureOptions,
  keyOf: (secret: string) => Buffer,
): Checked {
  const secrets: readonly unknown[] = [secret].flat();
  const keys = secrets.flatMap((one) => (typeof one === "string" ? [keyOf(one)] : []));
  if (secrets.length === 0 || keys.length < secrets.length || keys.some(({ length }) => length < minSecret))
    throw new BeeHiveError(
      "InvalidConfiguration",
      `${of}: secret must be a text of at least ${minSecret} bytes, or a list of them; is its variable set?`,
    );
  return { keys, toleranceMs: checkedDuration(of, "tolerance", tolerance, time) };
}

/** Returns whether a time in seconds since the epoch is now, or nearly. */
function isNear(seconds: string, now: number, toleranceMs: number): boolean {
  return /^\d{1,12}$/.test(seconds) && Math.abs(now - Number(seconds) * 1_000) <= toleranceMs;
}

const maxSignatures = 20;

/** Compares in a time that tells nothing of the secret. */
function isSigned(
  keys: readonly Buffer[],
  content: readonly (string | Uint8Array)[],
  signatures: readonly string[],
  encoding: "hex" | "base64",
): boolean {
  const given = signatures.slice(0, maxSignatures).map((one) => Buffer.from(one, encoding));
  return keys.some((key) => {
    const hmac = createHmac("sha256", key);
    for (const part of content) hmac.update(part);
    const right = hmac.digest();
    return given.some((one) => one.length === right.length && timingSafeEqual(one, right));
  });
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
