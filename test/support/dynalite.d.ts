declare module "dynalite" {
  import type { Server } from "node:http";
  /** A DynamoDB in this process; tables that are made or deleted are so after that many ms. */
  export default function dynalite(options?: {
    readonly createTableMs?: number;
    readonly deleteTableMs?: number;
  }): Server;
}
