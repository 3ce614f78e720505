import { isEventType } from "../../events/event-type.ts";
import { jsonSchemaOf } from "../../analysis/graph/json-schema.ts";
import type { NewSchema } from "../../schemas/registry.ts";
import type { Application } from "../application.ts";

/** Returns the JSON Schemas of the event types of modules. Types without one are left out. */
export function declaredSchemas({ exports, descriptors }: Application): readonly NewSchema[] {
  const types = [...exports, ...descriptors.map(({ event }) => event)].filter(isEventType);
  return [...new Set(types)].flatMap(({ name, schema }): NewSchema[] => {
    const json = jsonSchemaOf(schema, "#");
    if (!json) return [];
    return [{ subject: name, format: "json", schema: `${JSON.stringify(json, undefined, 2)}\n` }];
  });
}
