import { injects, type CollectionStore } from "beehive-actors";
import type { Mail } from "../entities.ts";
import { Mailbox } from "../stores.ts";

/** The mail service: it accepts each key once, so that nobody is written to twice. */
@injects(Mailbox)
export class Mailer {
  constructor(private readonly mailbox: CollectionStore<Mail>) {}

  async send(key: string, mail: Omit<Mail, "id">): Promise<void> {
    await this.mailbox.insertIfAbsent({ id: key, ...mail });
  }
}
