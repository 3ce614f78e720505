/** The client of Kafka, with the parts that only the tests use. `resolve.mjs` lets it be found. */
import type { Client, ClientOptions, Library, Producer } from "../../integrations/kafka/platformatic/library.ts";

export interface Admin extends Client {
  createTopics(options: {
    readonly topics: readonly string[];
    readonly partitions: number;
    readonly replicas: number;
    readonly configs?: readonly { readonly name: string; readonly value: string }[];
  }): Promise<unknown>;
  deleteTopics(options: { readonly topics: readonly string[] }): Promise<unknown>;
  /** Removes the records before an offset, as retention does. */
  deleteRecords(options: {
    readonly topics: readonly {
      readonly name: string;
      readonly partitions: readonly { readonly partition: number; readonly offset: bigint }[];
    }[];
  }): Promise<unknown>;
}

export interface Transaction {
  send(options: Parameters<Producer["send"]>[0]): Promise<unknown>;
  commit(): Promise<void>;
  abort(): Promise<void>;
}

export type ProducedMessage = Parameters<Producer["send"]>[0]["messages"][number];

interface TransactionalProducer extends Producer {
  beginTransaction(): Promise<Transaction>;
}

type Whole = Omit<Library, "Producer"> & {
  readonly Admin: new (options: ClientOptions) => Admin;
  readonly Producer: new (options: ConstructorParameters<Library["Producer"]>[0]) => TransactionalProducer;
};

export async function library(): Promise<Whole> {
  const name = "@platformatic/kafka";
  return (await import(name)) as Whole;
}
