import { useState } from "preact/hooks";
import type { TypeRow } from "../src/web/dashboard/wire.ts";
import { act, messageOf, useFetched, useLive } from "./connection.ts";
import { Empty, Panel, Problem, TraceLink } from "./parts.tsx";
import { emptyOf, SchemaField, type Schema } from "./schema-field.tsx";

/** A form that publishes an event, made from the schema of its type. */
export function Send() {
  const { me } = useLive();
  const { data: types, error } = useFetched<readonly TypeRow[]>("types");
  const [chosen, setChosen] = useState<string>();
  if (me?.canAct === false) return <Empty>You may look, and not send.</Empty>;
  if (!types) return <Problem text={error} />;
  const type = types.find(({ name }) => name === chosen) ?? types.find(({ isEntry }) => isEntry) ?? types[0];
  return (
    <>
      <h1>Send an event</h1>
      <Panel title={type?.name ?? "An event of any type"}>
        {types.length > 0 && (
          <label class="field form">
            Type
            <select value={type?.name} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
              {types.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        <EventForm key={type?.name ?? ""} type={type} />
      </Panel>
    </>
  );
}

function EventForm({ type }: { readonly type: TypeRow | undefined }) {
  const schema = type?.schema as Schema | undefined;
  const [isText, setIsText] = useState(schema === undefined);
  const [value, setValue] = useState<unknown>(schema ? emptyOf(schema) : {});
  const [text, setText] = useState("{}");
  const [options, setOptions] = useState<Readonly<Record<string, string>>>({});
  const [sent, setSent] = useState<string>();
  const [error, setError] = useState<string>();
  const send = async (): Promise<void> => {
    setError(undefined);
    setSent(undefined);
    try {
      const body = isText ? text : JSON.stringify(value);
      const { id } = await act<{ readonly id: string }>("send", { type: type?.name, ...options, body });
      setSent(id);
    } catch (failure) {
      setError(messageOf(failure));
    }
  };
  const option = (name: string, label: string, placeholder: string) => (
    <label class="field">
      {label}
      <input
        value={options[name] ?? ""}
        placeholder={placeholder}
        onInput={({ currentTarget }) => setOptions({ ...options, [name]: currentTarget.value })}
      />
    </label>
  );
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {!type && option("type", "Type", "OrderAccepted")}
      {schema && !isText && <SchemaField schema={schema} root={schema} name="" value={value} change={setValue} />}
      {isText && (
        <label class="field">
          Body, as JSON
          <textarea
            rows={8}
            value={text}
            spellcheck={false}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
      )}
      {schema && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            if (!isText) setText(JSON.stringify(value, null, 2));
            setIsText(!isText);
          }}
        >
          {isText ? "Use the form" : "Write JSON"}
        </button>
      )}
      <details>
        <summary>Id, key and destination</summary>
        {option("id", "Id", "a new one")}
        {option("key", "Partition key", "none")}
        {option("destination", "Destination", type?.destination ?? "the topic of its type")}
      </details>
      <div class="actions">
        <button class="primary">Send</button>
        {sent !== undefined && (
          <span role="status">
            Sent: <TraceLink id={sent}>follow it</TraceLink>
          </span>
        )}
      </div>
      <Problem text={error} />
    </form>
  );
}
