import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes an order of Avro to a topic in the wire format of Confluent, or reads one from it and prints its JSON.
 *
 *     java Avro.java write BROKER TOPIC ID SCHEMA
 */
class Avro {
  public static void main(String[] args) throws Exception {
    var schema = new Schema.Parser().parse(args[4]);
    var properties = new Properties();
    properties.putAll(Map.of("bootstrap.servers", args[1]));
    if (args[0].equals("write")) write(properties, args[2], Integer.parseInt(args[3]), schema);
    else System.out.println(read(properties, args[2], schema));
  }

  static void write(Properties properties, String topic, int id, Schema schema) throws Exception {
    var line = schema.getField("lines").schema().getElementType();
    var order = new GenericRecordBuilder(schema)
        .set("orderId", "1042")
        .set("total", 19.5)
        .set("placed", 1_772_323_200_000L)
        .set("state", new GenericData.EnumSymbol(schema.getField("state").schema(), "PAID"))
        .set("note", "grün")
        .set("lines", List.of(new GenericRecordBuilder(line).set("sku", "A-1").set("quantity", 2).build()))
        .set("labels", Map.of("tenant", "eu"))
        .build();
    var bytes = new java.io.ByteArrayOutputStream();
    bytes.write(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<GenericRecord>(schema).write(order, encoder);
    encoder.flush();
    try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(topic, "1042", bytes.toByteArray())).get();
    }
  }

  static GenericRecord read(Properties properties, String topic, Schema schema) throws Exception {
    try (var consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer())) {
      var partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      for (;;)
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          var body = record.value();
          var decoder = DecoderFactory.get().binaryDecoder(body, 5, body.length - 5, null);
          return new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
        }
    }
  }
}
