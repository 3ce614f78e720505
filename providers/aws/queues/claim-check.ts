import { createHash } from "node:crypto";
import { GetObjectCommand, PutBucketLifecycleConfigurationCommand, type S3Client } from "@aws-sdk/client-s3";
import type { BeeHiveError } from "../../../src/base/errors.ts";
import { ask } from "../client.ts";
import { isNamed } from "../errors.ts";
import { upload } from "../stores/upload.ts";

/** Folder of large messages. Copies of one message share an object, so objects expire by age. */
const folder = "claims/";
const keptDays = 15;
const claimKey = "beehiveClaim";

/** Keeps large messages in the bucket; their keys travel instead. */
export class ClaimCheck {
  readonly #s3: S3Client;
  readonly #bucket: string;

  constructor(s3: S3Client, bucket: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  /** Stores a message and returns the claim to send in its place. Equal messages share one object. */
  async keep(body: string): Promise<string> {
    const key = `${folder}${createHash("sha256").update(body).digest("hex")}`;
    await upload(this.#s3, { bucket: this.#bucket, key }, body);
    return JSON.stringify({ [claimKey]: key });
  }

  /** Returns the message of a claim; any other body as it is. */
  async fetch(body: string): Promise<string> {
    const key = claimIn(body);
    if (key === undefined) return body;
    const request = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    const read = async (): Promise<string | undefined> => (await this.#s3.send(request)).Body?.transformToString();
    return (await ask("s3:GetObject", `${this.#bucket}/${key}`, read())) ?? body;
  }

  /** Lets S3 delete claims after no queue can hold them. Replaces the rules of the bucket, so only for a new bucket. */
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
    // Optional: without the right to set rules, claims only stay longer.
    await this.#s3.send(request).catch(() => {});
  }
}

/** Returns whether a fetch failed because the object of the claim is gone. */
export function isGone(failure: BeeHiveError): boolean {
  return isNamed(failure.cause, "NoSuchKey");
}

function claimIn(body: string): string | undefined {
  if (!body.startsWith(`{"${claimKey}":"${folder}`)) return undefined;
  try {
    return (JSON.parse(body) as { readonly [claimKey]?: string })[claimKey];
  } catch {
    // The body only begins like a claim.
    return undefined;
  }
}
