export type {
  Acks,
  Compression,
  FetchedPartition,
  KafkaClient,
  KafkaConsumer,
  KafkaPlace,
  KafkaProducer,
  KafkaReader,
  KafkaRecord,
  ProducedRecord,
  ProducerOptions,
} from "./client.ts";
export {
  kafkaLog,
  type FollowKafkaLogOptions,
  type KafkaLog,
  type KafkaLoggedEvent,
  type KafkaLogLimit,
  type KafkaLogOptions,
  type ReadKafkaLogOptions,
} from "./log.ts";
export { MemoryKafka, memoryKafka, type WrittenRecord } from "./memory.ts";
export { kafkaClient, type KafkaClientOptions } from "./platformatic/index.ts";
export { kafkaSink, type KafkaSinkOptions } from "./sink.ts";
export type { SeekPlace } from "./seek-place.ts";
export { kafkaSource, type KafkaSource, type KafkaSourceOptions } from "./source.ts";
