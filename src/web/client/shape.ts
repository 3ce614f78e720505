/** A change, as `live` sends it. */
export interface ClientChange {
  readonly id: string;
  readonly type: string;
  readonly key?: string | undefined;
  readonly time: string;
  readonly body: unknown;
}

/** The subscriptions of a server, by name. `typeof push` of the server has one. */
export type ClientShape = Readonly<Record<string, { readonly change: ClientChange; readonly where: object }>>;

/** The subscriptions of a server whose types are not known here. */
export type AnyShape = Readonly<
  Record<string, { readonly change: ClientChange; readonly where: Readonly<Record<string, string>> }>
>;
