import { createHash } from "node:crypto";
import { GetObjectCommand, PutBucketLifecycleConfigurationCommand, type S3Client } from "@aws-sdk/client-s3";
import type { BeeHiveError } from "../../../src/base/errors.ts";
import { ask } from "../client.ts";
import { isNamed } from "../errors.ts";
import { upload } from "../stores/upload.ts";

/** Messages that are too large are kept here; copies of a topic share them, so they go by age. */
const folder = "claims/";
const keptDays = 15;
const claimKey = "beehiveClaim";

/** Puts large messages into the bucket and sends their key. */
export class ClaimCheck {
  readonly #s3: S3Client;
  readonly #bucket: string;

  constructor(s3: S3Client, bucket: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  /** Keeps a message; answers what to send in its place. The same message is kept once. */
  async keep(body: string): Promise<string> {
    const key = `${folder}${createHash("sha256").update(body).digest("hex")}`;
    await upload(this.#s3, { bucket: this.#bucket, key }, body);
    return JSON.stringify({ [claimKey]: key });
  }

  /** The message that `body` stands for; `body` itself when it stands for none. */
  async fetch(body: string): Promise<string> {
    const key = claimIn(body);
    if (key === undefined) return body;
    const request = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    const read = async (): Promise<string | undefined> => (await this.#s3.send(request)).Body?.transformToString();
    return (await ask("s3:GetObject", `${this.#bucket}/${key}`, read())) ?? body;
  }

  /** Lets S3 remove what no queue can ask for any more. Only for a bucket that is ours alone: its rules are replaced. */
  async ensureExpiry(): Promise<void> {
    const rule = {
      ID: "beehive-claims",
      Status: "Enabled" as const,
      Filter: { Prefix: folder },
      Expiration: { Days: keptDays },
    };
    const request = new PutBucketLifecycleConfigurationCommand({
      Bucket: this.#bucket,
      LifecycleConfiguration: { Rules: [rule] },
    });
    // Nothing depends on it: without the right to set rules, claims only stay longer.
    await this.#s3.send(request).catch(() => {});
  }
}

/** Whether a claim could not be fetched because what it stands for is not there any more. */
export function isGone(failure: BeeHiveError): boolean {
  return isNamed(failure.cause, "NoSuchKey");
}

function claimIn(body: string): string | undefined {
  if (!body.startsWith(`{"${claimKey}":"${folder}`)) return undefined;
  try {
    return (JSON.parse(body) as { readonly [claimKey]?: string })[claimKey];
  } catch {
    // It only begins like a claim.
    return undefined;
  }
}
