/** What travels: about 200 bytes of JSON, and which of the source events it is. */
export interface Body {
  readonly sequence: number;
  readonly orderId: string;
  readonly customer: { readonly id: string; readonly name: string; readonly email: string };
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly total: number;
}

/** So that every sequence number has seven digits. */
export const firstSequence = 1_000_000;

/** A new one each time, as an application makes it: 224 bytes as JSON. */
export function bodyOf(sequence: number): Body {
  return {
    sequence,
    orderId: "c0a80101-7b4e-4f0e-9d2c-000000000001",
    customer: { id: "c-1042", name: "Ada Lovelace", email: "ada.lovelace@analytical-engine.example" },
    items: [{ productId: "p-7", quantity: 2 }],
    total: 99.95,
  };
}
