/** The service of the members: entities over HTTP, and an actor that writes entities, too. */
import { actor, createHive, type Hive, type Provider } from "beehive-actors";
import { entityHandler } from "beehive-actors/entities";
import { serve, type ServeOptions, type Served } from "beehive-actors/http";
import { Directory, type User } from "./entities.ts";

/** Gives each new member an address: in one step with its event, and once, also when the event comes again. */
const Onboarding = actor(
  "MemberChanged-Onboarding",
  Directory.events.MemberChanged,
  { uses: { directory: Directory.token }, publishes: Directory.published },
  async ({ body: { id, act, entity }, directory }) => {
    if (act !== "created" || !entity) return;
    const email = `${id}@${entity.company}.example`;
    await directory.Contact.put(`of-${id}`, { member: id, email }, { by: "onboarding" });
  },
);

export interface ServiceOptions {
  readonly provider: string | Provider;
  readonly port: number;
  /** The user of a request; of your sessions, in a real service. */
  readonly userOf: (request: Request) => User | undefined;
  /** More applications beside the entities, by their paths. @default None. */
  readonly apps?: (hive: Hive) => ServeOptions["apps"];
}

/** Starts the service: `/directory/Member` and so on. */
export async function serveMembers({ provider, port, userOf, apps }: ServiceOptions): Promise<{ hive: Hive } & Served> {
  const hive = await createHive({ actors: [Onboarding], publishes: Directory.published, provider });
  await hive.start();
  const handler = entityHandler(Directory, hive, { path: "/directory", user: userOf });
  const server = await serve({ hive, port, apps: { ...apps?.(hive), "/directory": handler } });
  const close = async (): Promise<void> => {
    await server.close();
    await hive.stop();
  };
  return { hive, port: server.port, close, [Symbol.asyncDispose]: close };
}
