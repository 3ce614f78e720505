import type { BeeHiveError } from "../../src/base/errors.ts";
import type {
  FetchedPartition,
  KafkaClient,
  KafkaConsumer,
  KafkaPlace,
  KafkaProducer,
  KafkaReader,
  KafkaRecord,
} from "./client.ts";

/** A record of {@link MemoryKafka} to write, as a test writes it. */
export interface WrittenRecord {
  readonly key?: string | Uint8Array | undefined;
  /** `undefined` for a tombstone. */
  readonly value?: string | Uint8Array | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** In ms since the epoch. @default now */
  readonly timestamp?: number | undefined;
  /** @default that of the key; without a key 0 */
  readonly partition?: number | undefined;
}

interface Group {
  readonly members: Member[];
  readonly committed: Map<number, number>;
}

/**
 * A Kafka in the memory of this process, for tests without a broker: topics, partitions and consumer groups.
 *
 * Keeps what is written, and compacts nothing. A topic is made when it is named first.
 *
 * @example
 * const client = memoryKafka({ partitions: 3 });
 * client.write("orders", [{ key: "1042", value: JSON.stringify({ orderId: "1042" }) }]);
 */
export class MemoryKafka implements KafkaClient {
  readonly #partitions: number;
  readonly #topics = new Map<string, KafkaRecord[][]>();
  readonly #groups = new Map<string, Group>();
  /** Called when there is something to fetch. */
  readonly #waiting = new Set<() => void>();
  /** The error of every call; `undefined` while all is well. */
  failure: BeeHiveError | undefined;

  /** @internal Created by {@link memoryKafka}. */
  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /** Writes records to a topic, as another application would. */
  write(topic: string, records: readonly WrittenRecord[]): void {
    const log = this.#log(topic);
    for (const { key, value, headers = {}, timestamp = Date.now(), partition } of records) {
      const at = partition ?? partitionOf(key, log.length);
      const records = log[at];
      records?.push({
        offset: records.length,
        timestamp,
        key: bytesOf(key),
        value: bytesOf(value),
        headers: Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const),
      });
    }
    for (const wake of this.#waiting) wake();
  }

  /** Returns the records of a topic, by partition. */
  records(topic: string): readonly (readonly KafkaRecord[])[] {
    return this.#log(topic);
  }

  /** Returns the offsets that a group has committed, by partition. */
  committed(topic: string, group: string): ReadonlyMap<number, number> {
    return this.#group(topic, group).committed;
  }

  async consumer(topic: string, group: string): Promise<KafkaConsumer> {
    this.#assertWell();
    const { members, committed } = this.#group(topic, group);
    const member: Member = new Member(this.#log(topic), committed, {
      assertWell: () => this.#assertWell(),
      waiting: this.#waiting,
      leave: () => {
        members.splice(members.indexOf(member), 1);
        assign(members, this.#log(topic).length);
      },
    });
    members.push(member);
    assign(members, this.#log(topic).length);
    return member;
  }

  async reader(topic: string): Promise<KafkaReader> {
    this.#assertWell();
    return new Member(this.#log(topic), new Map(), {
      assertWell: () => this.#assertWell(),
      waiting: this.#waiting,
      leave: () => {},
    });
  }

  async offsets(topic: string, at: KafkaPlace): Promise<ReadonlyMap<number, number>> {
    this.#assertWell();
    return new Map(this.#log(topic).map((records, partition) => [partition, offsetAt(records, at)]));
  }

  async producer(): Promise<KafkaProducer> {
    this.#assertWell();
    return {
      send: async (records) => {
        this.#assertWell();
        for (const { topic, ...record } of records) this.write(topic, [record]);
      },
      close: async () => {},
    };
  }

  #assertWell(): void {
    if (this.failure) throw this.failure;
  }

  #log(topic: string): KafkaRecord[][] {
    let log = this.#topics.get(topic);
    if (!log) this.#topics.set(topic, (log = Array.from({ length: this.#partitions }, () => [])));
    return log;
  }

  #group(topic: string, name: string): Group {
    const at = `${name}/${topic}`;
    let group = this.#groups.get(at);
    if (!group) this.#groups.set(at, (group = { members: [], committed: new Map() }));
    return group;
  }
}

/**
 * Returns a Kafka in the memory of this process, for tests.
 *
 * @param options `partitions`: of each topic. @default 1
 */
export function memoryKafka({ partitions = 1 }: { readonly partitions?: number } = {}): MemoryKafka {
  return new MemoryKafka(partitions);
}

interface MemberParts {
  readonly assertWell: () => void;
  readonly waiting: Set<() => void>;
  readonly leave: () => void;
}

class Member implements KafkaConsumer {
  readonly #log: readonly (readonly KafkaRecord[])[];
  readonly #committed: Map<number, number>;
  readonly #parts: MemberParts;
  partitions: readonly number[] = [];

  constructor(log: readonly (readonly KafkaRecord[])[], committed: Map<number, number>, parts: MemberParts) {
    this.#log = log;
    this.#committed = committed;
    this.#parts = parts;
  }

  async fetch(from: ReadonlyMap<number, number>, waitMs: number): Promise<readonly FetchedPartition[]> {
    this.#parts.assertWell();
    const look = (): FetchedPartition[] =>
      [...from].map(([partition, next]) => {
        const log = this.#log[partition] ?? [];
        const end = log.length;
        if (next > end) return { partition, records: [], next, end, restart: 0 };
        return { partition, records: log.slice(next), next: end, end };
      });
    const found = look();
    if (found.some(({ records, restart }) => records.length > 0 || restart !== undefined)) return found;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#parts.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      this.#parts.waiting.add(done);
    });
    this.#parts.assertWell();
    return look();
  }

  async committed(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    this.#parts.assertWell();
    return new Map([...this.#committed].filter(([partition]) => partitions.includes(partition)));
  }

  async commit(next: ReadonlyMap<number, number>): Promise<void> {
    this.#parts.assertWell();
    for (const [partition, offset] of next) this.#committed.set(partition, offset);
  }

  async close(): Promise<void> {
    this.#parts.leave();
  }
}

function assign(members: readonly Member[], partitions: number): void {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  members.forEach((member, index) => {
    member.partitions = all.filter((partition) => partition % members.length === index);
  });
}

function offsetAt(records: readonly KafkaRecord[], at: KafkaPlace): number {
  if (at === "beginning") return 0;
  const found = at === "end" ? -1 : records.findIndex(({ timestamp }) => timestamp >= at);
  return found < 0 ? records.length : found;
}

function partitionOf(key: string | Uint8Array | undefined, partitions: number): number {
  const sum = [...(bytesOf(key) ?? [])].reduce((total, byte) => (total * 31 + byte) % 65_521, 0);
  return sum % partitions;
}

function bytesOf(given: string | Uint8Array | undefined): Uint8Array | undefined {
  return typeof given === "string" ? Buffer.from(given) : given;
}
