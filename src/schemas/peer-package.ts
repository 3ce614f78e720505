import { BeeHiveError } from "../base/errors.ts";

/**
 * Loads a package that only some applications need.
 *
 * @throws BeeHiveError `InvalidConfiguration` that names the package to install.
 */
export async function peerPackage<T>(user: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message = `${user} needs a package that is not installed. Run npm install ${name}`;
    throw new BeeHiveError("InvalidConfiguration", message, { cause });
  }
}
