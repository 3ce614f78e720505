/* The parts of @platformatic/kafka that only the tests use. */
import "@platformatic/kafka";

declare module "@platformatic/kafka" {
  export class Admin extends Client {
    constructor(options: ClientOptions);
    createTopics(options: {
      readonly topics: readonly string[];
      readonly partitions: number;
      readonly replicas: number;
      readonly configs?: readonly { readonly name: string; readonly value: string }[];
    }): Promise<unknown>;
    deleteTopics(options: { readonly topics: readonly string[] }): Promise<unknown>;
  }
  interface Producer {
    beginTransaction(): Promise<{
      send(options: Parameters<Producer["send"]>[0]): Promise<unknown>;
      commit(): Promise<void>;
      abort(): Promise<void>;
    }>;
  }
}
