/**
 * `TransactWriteItems` of DynamoDB, which dynalite lacks: made of its single requests, one transaction at a time, with no
 * other write in between. Knows the conditions that the provider writes.
 */

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Makes one request to the server. */
type Ask = (action: string, body: object) => Promise<Answer>;

type Item = Readonly<Record<string, { readonly S?: string }>>;

interface Action {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Item;
}

interface Request {
  readonly ClientRequestToken?: string;
  readonly TransactItems: readonly Partial<Record<"Put" | "Delete" | "ConditionCheck", Action>>[];
}

const type = "com.amazonaws.dynamodb.v20120810#";

export class DynamoTransactions {
  readonly #done = new Set<string>();
  readonly #writes = new Set<Promise<unknown>>();
  #last: Promise<unknown> = Promise.resolve();

  /** Makes another write, with no transaction in between. */
  async beside<T>(write: () => Promise<T>): Promise<T> {
    await this.#last;
    const writing = write();
    this.#writes.add(writing);
    try {
      return await writing;
    } finally {
      this.#writes.delete(writing);
    }
  }

  transact(body: string, ask: Ask): Promise<Answer> {
    const before = this.#last;
    const answer = before.then(async () => {
      await Promise.allSettled(this.#writes);
      return await this.#run(JSON.parse(body) as Request, ask);
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #run({ ClientRequestToken: token, TransactItems: items }: Request, ask: Ask): Promise<Answer> {
    if (token !== undefined && this.#done.has(token)) return { status: 200, body: "{}" };
    if (items.length > 100) return invalid("Member must have length less than or equal to 100");
    const actions = items.map((one) => {
      const [kind, action] = Object.entries(one)[0] as ["Put" | "Delete" | "ConditionCheck", Action];
      const { pk, sk } = (action.Key ?? action.Item) as Item;
      return { kind, action, key: { pk, sk } };
    });
    const keys = new Set(actions.map(({ action, key }) => JSON.stringify([action.TableName, key])));
    if (keys.size < actions.length)
      return invalid("Transaction request cannot include multiple operations on one item");
    const found: (Item | undefined)[] = [];
    for (const { action, key } of actions) {
      const got = await ask("GetItem", { TableName: action.TableName, Key: key, ConsistentRead: true });
      if (got.status !== 200) return got;
      found.push((JSON.parse(got.body) as { Item?: Item }).Item);
    }
    const reasons = actions.map(({ action }, n) =>
      holds(action, found[n]) ? { Code: "None" } : { Code: "ConditionalCheckFailed", Item: found[n] },
    );
    if (reasons.some(({ Code }) => Code !== "None"))
      return {
        status: 400,
        body: JSON.stringify({
          __type: `${type}TransactionCanceledException`,
          Message: "Transaction cancelled, please refer cancellation reasons for specific reasons",
          CancellationReasons: reasons,
        }),
      };
    for (const { kind, action, key } of actions) {
      const { TableName, Item } = action;
      const made =
        kind === "Put"
          ? await ask("PutItem", { TableName, Item })
          : kind === "Delete"
            ? await ask("DeleteItem", { TableName, Key: key })
            : undefined;
      if (made && made.status !== 200) return made;
    }
    if (token !== undefined) this.#done.add(token);
    return { status: 200, body: "{}" };
  }
}

function holds({ ConditionExpression: condition, ExpressionAttributeValues: values }: Action, item?: Item): boolean {
  if (condition === undefined) return true;
  if (condition === "attribute_not_exists(pk)") return item === undefined;
  if (condition === "attribute_exists(pk)") return item !== undefined;
  if (condition === "etag = :etag") return item?.["etag"]?.S === values?.[":etag"]?.S;
  throw new Error(`dynamo-transactions.ts does not know the condition ${condition}`);
}

function invalid(message: string): Answer {
  return { status: 400, body: JSON.stringify({ __type: "com.amazon.coral.validate#ValidationException", message }) };
}
