import type { AnyEventType } from "../../../events/event-type.ts";

/** An event as a browser gets it. */
export interface Change<Name extends string = string, Body = unknown> {
  readonly id: string;
  readonly type: Name;
  /** The partition key, which names the entity; absent without one. */
  readonly key?: string | undefined;
  /** The time of what happened, as ISO 8601. */
  readonly time: string;
  readonly body: Body;
}

/** The changes that the events of a type are. */
export type ChangeOf<Type> = Type extends {
  readonly name: infer Name extends string;
  read(...given: never): infer Body;
}
  ? Change<Name, Body>
  : never;

/** A selection of the changes of one type, with parameters that the browser gives. Made by {@link query}. */
export interface LiveQuery<Type extends AnyEventType = AnyEventType, Parameter extends string = string> {
  readonly of: Type;
  readonly parameters: readonly Parameter[];
  /** Returns whether a change belongs to the selection. */
  matches(change: ChangeOf<Type>, parameters: Readonly<Record<Parameter, string>>): boolean;
}

/**
 * Declares a selection of changes that browsers may subscribe to.
 *
 * The parameters come from the browser: texts of at most 255 characters, each of them given.
 *
 * @example
 * live(hive, { user, may, queries: {
 *   membersOf: query(MemberChanged, ["company"], ({ body }, { company }) => body.company === company),
 * } });
 */
export function query<Type extends AnyEventType, const Parameter extends string>(
  of: Type,
  parameters: readonly Parameter[],
  matches: (change: ChangeOf<Type>, parameters: Readonly<Record<Parameter, string>>) => boolean,
): LiveQuery<Type, Parameter> {
  return { of, parameters, matches };
}

/** The subscriptions that a browser can make, by name: the change that each yields, and its selection. */
export type LiveShape = Readonly<Record<string, { readonly change: Change; readonly where: object }>>;

/** The {@link LiveShape} of topics and queries. */
export type ShapeOf<Topics extends readonly AnyEventType[], Queries extends Readonly<Record<string, LiveQuery>>> = {
  readonly [Type in Topics[number] as Type["name"]]: {
    readonly change: ChangeOf<Type>;
    readonly where: { readonly key?: string | undefined };
  };
} & {
  readonly [Name in keyof Queries & string]: {
    readonly change: ChangeOf<Queries[Name]["of"]>;
    readonly where: Readonly<Record<Queries[Name]["parameters"][number], string>>;
  };
};
