/** Lets the bridge find its client in this package: node --import ./test/kafka/resolve.mjs. */
import { registerHooks } from "node:module";

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier, specifier === "@platformatic/kafka" ? { ...context, parentURL: import.meta.url } : context),
});
