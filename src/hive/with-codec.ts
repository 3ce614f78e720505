import type { Codec } from "../contract/codec.ts";
import type { Provider } from "../contract/provider.ts";

/** Returns a provider whose bodies travel as the codec encodes them; the same provider without a codec. */
export async function withCodec(provider: Provider, codec: Codec | undefined): Promise<Provider> {
  if (codec === undefined) return provider;
  // Loaded for hives with a codec only.
  const { codedProvider } = await import("../schemas/coded-provider.ts");
  return codedProvider(provider, codec);
}
