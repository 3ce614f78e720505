import type { MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { EventProperty } from "../../../src/events/event.ts";

/** Attributes of a message, by name. */
export type Attributes = Readonly<Record<string, MessageAttributeValue>>;

/** Returns attributes as event properties: numbers where nothing is lost, bytes as base64. */
export function propertiesOf(attributes: Attributes): Readonly<Record<string, EventProperty>> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, propertyOf(value)]));
}

function propertyOf({ DataType = "", StringValue: text, BinaryValue }: MessageAttributeValue): EventProperty {
  if (text === undefined) return Buffer.from(BinaryValue ?? []).toString("base64");
  const number = Number(text);
  return /^Number(\.|$)/.test(DataType) && Number.isFinite(number) && String(number) === text ? number : text;
}

/** Returns the attributes of an SNS envelope. Their bytes are base64 already, and stay so. */
export function attributesOfSns(value: unknown): Attributes {
  if (typeof value !== "object" || value === null) return {};
  const attributes = Object.entries(
    value as Readonly<Record<string, { readonly Type?: unknown; readonly Value?: unknown }>>,
  );
  return Object.fromEntries(
    attributes
      .filter(([, one]) => typeof one?.Type === "string" && typeof one.Value === "string")
      .map(([name, { Type, Value }]) => [name, { DataType: Type as string, StringValue: Value as string }]),
  );
}
