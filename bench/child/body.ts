/** Body of every event: about 200 bytes of JSON, with the number of its source event. */
export interface Body {
  readonly sequence: number;
  readonly orderId: string;
  readonly customer: { readonly id: string; readonly name: string; readonly email: string };
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
  readonly total: number;
}

/** First sequence number; all have seven digits, so that all bodies have the same size. */
export const firstSequence = 1_000_000;

/** Returns a new body, as an application makes one: 224 bytes as JSON. */
export function bodyOf(sequence: number): Body {
  return {
    sequence,
    orderId: "c0a80101-7b4e-4f0e-9d2c-000000000001",
    customer: { id: "c-1042", name: "Ada Lovelace", email: "ada.lovelace@analytical-engine.example" },
    items: [{ productId: "p-7", quantity: 2 }],
    total: 99.95,
  };
}
