/** Two versions of an actor, for a replay. PACKING names the version. */
import {
  actorDescription,
  collectionStore,
  Event,
  injects,
  type CollectionStore,
  type ProcessorActor,
} from "beehive-actors";

interface Packed {
  readonly id: string;
  readonly n: number;
}

const Packing = collectionStore<Packed>("Packed");
const isNew = process.env["PACKING"] === "new";

@injects(Packing)
@actorDescription("Orders-Packing", { publishes: ["Boxes", "Mails"] })
export class PackingActor implements ProcessorActor {
  constructor(private readonly packed: CollectionStore<Packed>) {}

  async processAsync(event: Event<{ n: number }>): Promise<Event[]> {
    const n = event.getBody().n * (isNew ? 10 : 1);
    if (n === 20) throw new Error("token=hunter2");
    await this.packed.upsert({ id: event.id, n });
    return isNew ? [new Event("Boxes", { n })] : [new Event("Boxes", { n }), new Event("Mails", { n })];
  }
}
