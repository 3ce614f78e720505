/** A field of a form for a value of a JSON schema (draft 7). */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
}

interface FieldProps {
  readonly schema: Schema;
  /** The whole schema, for references. */
  readonly root: Schema;
  /** Empty for the body itself. */
  readonly name: string;
  readonly isRequired?: boolean;
  readonly value: unknown;
  readonly change: (value: unknown) => void;
}

export function SchemaField(props: FieldProps) {
  const schema = resolved(props.schema, props.root);
  const same = { ...props, schema };
  if (schema.enum) return <ChoiceField {...same} />;
  if (schema.properties) return <ObjectField {...same} />;
  if (schema.type === "boolean") return <BooleanField {...same} />;
  if (schema.type === "number" || schema.type === "integer" || schema.type === "string") return <LineField {...same} />;
  if (schema.type === "array" && schema.items) return <ListField {...same} />;
  return <JsonField {...same} />;
}

/** Returns the first value of a form. */
export function emptyOf(schema: Schema, root: Schema = schema): unknown {
  const { type, properties, required = [], ...rest } = resolved(schema, root);
  if (rest.default !== undefined) return rest.default;
  if (rest.const !== undefined) return rest.const;
  if (rest.enum) return rest.enum[0];
  if (properties)
    return Object.fromEntries(
      Object.entries(properties)
        .filter(([name]) => required.includes(name))
        .map(([name, one]) => [name, emptyOf(one, root)]),
    );
  if (type === "array") return [];
  if (type === "boolean") return false;
  return type === "string" ? "" : undefined;
}

function resolved(schema: Schema, root: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  let found: unknown = root;
  for (const part of schema.$ref.replace(/^#\/?/, "").split("/")) found = (found as Record<string, unknown>)?.[part];
  return (found as Schema | undefined) ?? {};
}

function Label({ name, isRequired, schema }: FieldProps) {
  return (
    <span>
      {name}
      {isRequired === false && <i> optional</i>}
      {schema.description !== undefined && <i> {schema.description}</i>}
    </span>
  );
}

function ObjectField({ schema, root, name, value, change }: FieldProps) {
  const known = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const fields = Object.entries(schema.properties ?? {}).map(([field, one]) => (
    <SchemaField
      key={field}
      schema={one}
      root={root}
      name={field}
      isRequired={schema.required?.includes(field) ?? false}
      value={known[field]}
      change={(next) => change({ ...known, [field]: next })}
    />
  ));
  if (name === "") return <>{fields}</>;
  return (
    <fieldset>
      <legend>{name}</legend>
      {fields}
    </fieldset>
  );
}

function LineField(props: FieldProps) {
  const { schema, value, change, isRequired = true } = props;
  const shown = typeof value === "string" || typeof value === "number" ? value : "";
  if (schema.type === "string")
    return (
      <label class="field">
        <Label {...props} />
        <input
          value={shown}
          onInput={({ currentTarget: { value: text } }) => change(text === "" && !isRequired ? undefined : text)}
        />
      </label>
    );
  return (
    <label class="field">
      <Label {...props} />
      <input
        type="number"
        step={schema.type === "integer" ? 1 : "any"}
        min={schema.minimum}
        max={schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum}
        required={isRequired}
        value={shown}
        onInput={({ currentTarget: { value: text } }) => change(text === "" ? undefined : Number(text))}
      />
    </label>
  );
}

function BooleanField(props: FieldProps) {
  return (
    <label class="field check">
      <input
        type="checkbox"
        checked={props.value === true}
        onChange={({ currentTarget }) => props.change(currentTarget.checked)}
      />
      <Label {...props} />
    </label>
  );
}

function ChoiceField(props: FieldProps) {
  const choices = props.schema.enum ?? [];
  return (
    <label class="field">
      <Label {...props} />
      <select
        value={JSON.stringify(props.value)}
        onChange={({ currentTarget }) => props.change(JSON.parse(currentTarget.value))}
      >
        {choices.map((choice) => (
          <option key={JSON.stringify(choice)} value={JSON.stringify(choice)}>
            {String(choice)}
          </option>
        ))}
      </select>
    </label>
  );
}

function ListField({ schema, root, name, value, change }: FieldProps) {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const items = schema.items ?? {};
  return (
    <fieldset>
      <legend>{name}</legend>
      {list.map((one, index) => (
        <div class="item" key={index}>
          <SchemaField
            schema={items}
            root={root}
            name={`${name} ${index + 1}`}
            value={one}
            change={(next) => change(list.with(index, next))}
          />
          <button
            type="button"
            aria-label={`Remove ${name} ${index + 1}`}
            onClick={() => change(list.toSpliced(index, 1))}
          >
            ×
          </button>
        </div>
      ))}
      <button type="button" class="quiet" onClick={() => change([...list, emptyOf(items, root)])}>
        Add to {name}
      </button>
    </fieldset>
  );
}

/** Takes what no other field does, as JSON. */
function JsonField(props: FieldProps) {
  const { value, change } = props;
  return (
    <label class="field">
      <Label {...props} />
      <textarea
        rows={3}
        spellcheck={false}
        defaultValue={value === undefined ? "" : JSON.stringify(value, null, 2)}
        onInput={({ currentTarget }) => {
          try {
            currentTarget.setCustomValidity("");
            change(currentTarget.value === "" ? undefined : JSON.parse(currentTarget.value));
          } catch {
            currentTarget.setCustomValidity("This is no JSON.");
          }
        }}
      />
    </label>
  );
}
