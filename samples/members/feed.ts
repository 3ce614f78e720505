/** Changes of a source system, in an order that depends on the seed alone. */
import type { Event } from "beehive-actors";
import { kinds, type Entry, type Kind } from "./events.ts";

const firstNames = ["Ada", "Bruno", "Chiara", "Dina", "Emil", "Frida", "Goran", "Hanna"];
const lastNames = ["Weiss", "Okafor", "Lindqvist", "Moreau", "Silva", "Novak"];
const cities = ["Basel", "Gent", "Porto", "Turku", "Graz"];
const domains = ["example.org", "example.com", "example.net"];

/** Returns one to three revisions of each entry of each kind, shuffled; some come twice. */
export function feedOf(entries: number, seed: number): Event[] {
  const random = randomNumbers(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const changes: Event[] = [];
  for (const kind of kinds)
    for (let number = 1; number <= entries; number++) {
      const id = `${kind.name.toLowerCase()}-${String(number).padStart(5, "0")}`;
      for (let revision = 1 + Math.floor(random() * 3); revision > 0; revision--) {
        const name = `${one(firstNames)} ${one(lastNames)}`;
        const email = random() < 0.1 ? null : `${name.toLowerCase().replace(" ", ".")}@${one(domains)}`;
        const change = (copy: number): Event =>
          kind.changed.create(
            { id, revision, name, city: one(cities), email },
            { id: `${seed}-${id}-${revision}-${copy}`, partitionKey: id },
          );
        const first = change(1);
        changes.push(
          first,
          ...(random() < 0.05 ? [kind.changed.create(kind.changed.read(first), { id: `${first.id}-again` })] : []),
        );
      }
    }
  return shuffled(changes, random);
}

/** Returns the newest revision of each entry of a kind. */
export function newestOf(kind: Kind, feed: readonly Event[]): ReadonlyMap<string, Entry> {
  const newest = new Map<string, Entry>();
  for (const event of feed) {
    if (!kind.changed.is(event)) continue;
    const entry = kind.changed.read(event);
    if (entry.revision > (newest.get(entry.id)?.revision ?? 0)) newest.set(entry.id, entry);
  }
  return newest;
}

function shuffled(list: Event[], random: () => number): Event[] {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [list[last], list[other]] = [list[other] as Event, list[last] as Event];
  }
  return list;
}

/** Returns a linear congruential generator of numbers from 0 up to 1. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}
