export type {
  Acks,
  Compression,
  FetchedPartition,
  KafkaClient,
  KafkaConsumer,
  KafkaPlace,
  KafkaProducer,
  KafkaRecord,
  ProducedRecord,
  ProducerOptions,
} from "./client.ts";
export { MemoryKafka, memoryKafka, type WrittenRecord } from "./memory.ts";
export { kafkaClient, type KafkaClientOptions } from "./platformatic/index.ts";
export { kafkaSink, type KafkaSinkOptions } from "./sink.ts";
export { kafkaSource, type KafkaSource, type KafkaSourceOptions, type SeekPlace } from "./source.ts";
