import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { BeeHiveError } from "../../base/errors.ts";
import { messageOf } from "../../base/error-text.ts";
import type { BlobProperties } from "../../contract/stores.ts";
import type { KeptEvent } from "../../contract/topic-log.ts";
import type { QueueName } from "../../events/queue-name.ts";
import { eventOf, rowOf } from "../event-row.ts";

/*
 * A segment is a blob with kept events of one topic: a line of JSON for each, compressed with gzip. Its key is the topic
 * and its first position, so that keys sort by position, and two writers cannot write the same position. Its metadata
 * say what is in it, so that a list of the blobs is the index of the log.
 */

/** A segment without its events. */
export interface Segment {
  readonly key: string;
  readonly etag: string;
  /** The position at which it starts. */
  readonly from: number;
  /** The position behind it. */
  readonly next: number;
  /** The position of its first kept event; `next` when none is kept. */
  readonly first: number;
  /** The number of its kept events, less than its positions after a compaction. */
  readonly count: number;
  /** The bytes of their bodies. */
  readonly bytes: number;
  /** When its first and last kept events were published, in ms since the epoch. */
  readonly since: number;
  readonly until: number;
  /** When it was written, in ms since the epoch: events may be far older. */
  readonly written: number;
}

const positionDigits = 16;

/** Returns the key of the segment that starts at a position. */
export function segmentKey(topic: QueueName, from: number): string {
  return `${segmentPrefix(topic)}${String(from).padStart(positionDigits, "0")}`;
}

/** Returns the beginning of the keys of a topic. */
export function segmentPrefix(topic: QueueName): string {
  return `${topic.topic}/`;
}

/** Reads a segment from the properties of its blob; `undefined` for a blob of others. */
export function segmentOf({ key, etag, metadata, lastModified }: BlobProperties): Segment | undefined {
  const from = Number(key.slice(key.lastIndexOf("/") + 1));
  const [next, first, count, bytes, since, until] = (metadata["segment"] ?? "").split(" ").map(Number);
  const written = lastModified.getTime();
  const segment = { key, etag, from, next, first, count, bytes, since, until, written } as Segment;
  return Number.isSafeInteger(from) && Number.isSafeInteger(next) && Number.isFinite(until) ? segment : undefined;
}

/** Returns the metadata by which {@link segmentOf} reads a segment. */
export function metadataOf(next: number, events: readonly KeptEvent[], until: number): Record<string, string> {
  const bytes = events.reduce((sum, { event }) => sum + event.bodySize, 0);
  const { position = next, published = until } = events[0] ?? {};
  return { segment: [next, position, events.length, bytes, published, until].join(" ") };
}

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Returns the body of a segment. */
export async function packed(events: readonly KeptEvent[]): Promise<Uint8Array> {
  return await compress(events.map(lineOf).join("\n"));
}

/** Reads the body of a segment. @throws BeeHiveError `BodyUnreadable` when it is none. */
export async function unpacked({ key }: Segment, body: Uint8Array, topic: QueueName): Promise<readonly KeptEvent[]> {
  try {
    const text = (await decompress(body)).toString();
    return text === "" ? [] : text.split("\n").map((line) => keptIn(line, topic));
  } catch (error) {
    throw new BeeHiveError(
      "BodyUnreadable",
      `The segment "${key}" of the log of ${topic} cannot be read: ${messageOf(error)}. Restore the blob.`,
      { cause: error },
    );
  }
}

/** A line of a segment. Bodies that are bytes are in base64. */
interface Line {
  readonly position: number;
  readonly published: number;
  readonly event: object;
  readonly body?: string;
  readonly base64?: string;
}

function lineOf({ position, published, event }: KeptEvent): string {
  const row = rowOf(event);
  const body = typeof row.body === "string" ? { body: row.body } : { base64: Buffer.from(row.body).toString("base64") };
  return JSON.stringify({ position, published, event: JSON.parse(row.event) as object, ...body } satisfies Line);
}

function keptIn(line: string, topic: QueueName): KeptEvent {
  const { position, published, event, body, base64 } = JSON.parse(line) as Line;
  const row = { event: JSON.stringify(event), body: body ?? new Uint8Array(Buffer.from(base64 ?? "", "base64")) };
  return { position, published, event: eventOf(row, String(topic)) };
}
