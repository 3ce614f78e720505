import type { Event } from "../events/event.ts";

const from = " from ";
const maxSource = 200;

/** How a journal names an event: by its id, and with a source as `1 from /sensors/a`, for ids of two sources may be equal. */
export function journaledId({ id, properties }: Pick<Event, "id" | "properties">): string {
  const source = properties["source"];
  return typeof source === "string" && source !== "" ? `${id}${from}${source.slice(0, maxSource)}` : id;
}

/** Whether that name is of an event with that id, whatever its source. */
export function isNamedLike(journaled: string, id: string): boolean {
  return journaled === id || journaled.startsWith(`${id}${from}`);
}
