import { injects, type CollectionStore } from "beehive-actors";
import type { Mail } from "../entities.ts";
import { Mailbox } from "../stores.ts";

/** Simulates a mail service that accepts each key once, so that no customer gets an e-mail twice. */
@injects(Mailbox)
export class Mailer {
  constructor(private readonly mailbox: CollectionStore<Mail>) {}

  async send(key: string, mail: Omit<Mail, "id">): Promise<void> {
    await this.mailbox.insertIfAbsent({ id: key, ...mail });
  }
}
