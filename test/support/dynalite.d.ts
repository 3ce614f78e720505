declare module "dynalite" {
  import type { Server } from "node:http";
  /** A DynamoDB in this process. Creating or deleting a table takes the given ms. */
  export default function dynalite(options?: {
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
  }): Server;
}
