import type { AmqpMessage } from "./rhea.ts";

/** Returns whether a subscription gets a message of its topic. */
export type Filter = (message: AmqpMessage) => boolean;

type Value = string | number | boolean | undefined;
type Expression = (message: AmqpMessage) => Value;

const systemProperties: Readonly<Record<string, keyof AmqpMessage>> = {
  messageid: "message_id",
  correlationid: "correlation_id",
  label: "subject",
  subject: "subject",
  sessionid: "group_id",
  replyto: "reply_to",
  replytosessionid: "reply_to_group_id",
  to: "to",
  contenttype: "content_type",
};

/** Makes a filter of properties that must all be equal. System properties are named as in SQL, without `sys.`. */
export function correlationFilter(
  system: Readonly<Record<string, string>>,
  user: Readonly<Record<string, string>>,
): Filter {
  return (message) =>
    Object.entries(system).every(([name, value]) => systemValue(message, name) === value) &&
    Object.entries(user).every(([name, value]) => String(message.application_properties?.[name]) === value);
}

/**
 * Makes a filter of the SQL of Service Bus, without its arithmetic.
 *
 * Supports comparisons, `AND`, `OR`, `NOT`, `IS NULL`, `IN`, `LIKE` and `EXISTS`. As in the cloud, values that cannot
 * be compared are unknown, and unknown does not match.
 *
 * @throws SyntaxError
 */
export function sqlFilter(sql: string): Filter {
  const expression = new Parser(sql).parse();
  return (message) => expression(message) === true;
}

function systemValue(message: AmqpMessage, name: string): Value {
  const field = systemProperties[name.toLowerCase()];
  return field === undefined ? undefined : (message[field] as Value);
}

class Parser {
  readonly #tokens: string[];
  #at = 0;

  constructor(sql: string) {
    this.#tokens = sql.match(/'(?:[^']|'')*'|"[^"]*"|\[[^\]]*\]|[\w.$]+|<>|!=|<=|>=|[<>=(),]/g) ?? [];
  }

  parse(): Expression {
    const expression = this.#or();
    if (this.#at < this.#tokens.length)
      throw new SyntaxError(`"${this.#tokens[this.#at]}" is not expected in a filter`);
    return expression;
  }

  #or(): Expression {
    const [left, right] = this.#joined("OR", () => this.#and());
    return right ? (message) => left(message) === true || right(message) === true : left;
  }

  #and(): Expression {
    const [left, right] = this.#joined("AND", () => this.#not());
    return right ? (message) => left(message) === true && right(message) === true : left;
  }

  /** Reads the operands on both sides of a word. The right one takes the rest of the same kind. */
  #joined(word: string, operand: () => Expression): [Expression, Expression?] {
    const left = operand();
    if (!this.#take(word)) return [left];
    const right = word === "OR" ? this.#or() : this.#and();
    return [left, right];
  }

  #not(): Expression {
    if (!this.#take("NOT")) return this.#comparison();
    const operand = this.#not();
    return (message) => negated(operand(message));
  }

  #comparison(): Expression {
    if (this.#take("EXISTS")) {
      this.#expect("(");
      const operand = this.#operand();
      this.#expect(")");
      return (message) => operand(message) !== undefined;
    }
    const left = this.#operand();
    if (this.#take("IS")) {
      const not = this.#take("NOT");
      this.#expect("NULL");
      return (message) => (left(message) === undefined) !== not;
    }
    const not = this.#take("NOT");
    if (this.#take("IN")) return this.#in(left, not);
    if (this.#take("LIKE")) return this.#like(left, not);
    const operator = this.#tokens[this.#at];
    const compare = operator === undefined ? undefined : comparisons[operator];
    if (!compare) return left;
    this.#at++;
    const right = this.#operand();
    return (message) => {
      const [a, b] = [left(message), right(message)];
      return a === undefined || b === undefined ? undefined : compare(a, b);
    };
  }

  #in(left: Expression, not: boolean): Expression {
    this.#expect("(");
    const list = [this.#operand()];
    while (this.#take(",")) list.push(this.#operand());
    this.#expect(")");
    return (message) => {
      const value = left(message);
      return value === undefined ? undefined : list.some((one) => one(message) === value) !== not;
    };
  }

  #like(left: Expression, not: boolean): Expression {
    const pattern = this.#operand();
    return (message) => {
      const value = left(message);
      if (typeof value !== "string") return undefined;
      const source = String(pattern(message)).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
      return new RegExp(`^${source.replaceAll("%", ".*").replaceAll("_", ".")}$`, "s").test(value) !== not;
    };
  }

  #operand(): Expression {
    if (this.#take("(")) {
      const inner = this.#or();
      this.#expect(")");
      return inner;
    }
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new SyntaxError("a filter ends too early");
    if (token.startsWith("'")) {
      const text = token.slice(1, -1).replaceAll("''", "'");
      return () => text;
    }
    if (/^[\d.]+$/.test(token)) return () => Number(token);
    if (/^(true|false)$/i.test(token)) return () => token.toLowerCase() === "true";
    return property(token);
  }

  #take(word: string): boolean {
    if (this.#tokens[this.#at]?.toUpperCase() !== word) return false;
    this.#at++;
    return true;
  }

  #expect(word: string): void {
    if (!this.#take(word))
      throw new SyntaxError(`a filter has "${this.#tokens[this.#at] ?? "its end"}" where ${word} is expected`);
  }
}

const comparisons: Readonly<Record<string, (a: NonNullable<Value>, b: NonNullable<Value>) => boolean>> = {
  "=": (a, b) => a === b,
  "<>": (a, b) => a !== b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
};

function property(token: string): Expression {
  const name = token.replaceAll(/^["[]|["\]]$/g, "");
  const system = /^sys\.(.+)$/i.exec(name)?.[1];
  if (system !== undefined) return (message) => systemValue(message, system);
  const own = name.replace(/^user\./i, "");
  return (message) => (message.application_properties?.[own] ?? undefined) as Value;
}

function negated(value: Value): Value {
  return typeof value === "boolean" ? !value : undefined;
}
