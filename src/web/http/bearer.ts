import { createHash, timingSafeEqual } from "node:crypto";
import { throwProblems } from "../../base/problems.ts";
import type { AuthorizeClient } from "./options.ts";

const tokenShape = /^[\x21-\x7e]{16,}$/;

/**
 * Returns an `authorize` that knows clients by their tokens, sent as `Authorization: Bearer TOKEN`.
 *
 * @param tokens The token of each client by its name, at least 16 characters.
 * @throws BeeHiveError `InvalidConfiguration` for a missing or short token, or one with spaces.
 * @example
 * ingestion(hive, { handlers, authorize: bearer({ shop: process.env.SHOP_TOKEN }) });
 */
export function bearer(tokens: Readonly<Record<string, string | undefined>>): AuthorizeClient {
  const wrong = Object.entries(tokens).filter(([, token]) => typeof token !== "string" || !tokenShape.test(token));
  const problems = wrong.map(([name]) => `the token of ${name} must have at least 16 printable characters, no spaces`);
  throwProblems(problems, "No client can be known by its token");
  const clients = Object.entries(tokens).map(([name, token]) => ({ name, hash: hashOf(token as string) }));
  return ({ headers }) => {
    const [, token] = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    if (token === undefined) return undefined;
    const given = hashOf(token);
    // Hashes have one length, and are compared in a time that tells nothing of the token.
    const client = clients.find(({ hash }) => timingSafeEqual(hash, given));
    return client && { name: client.name };
  };
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
