import { ScalarType, type DescEnum, type DescField, type DescFile, type DescMessage } from "@bufbuild/protobuf";
import { Edition, FieldDescriptorProto_Label } from "@bufbuild/protobuf/wkt";
import { messageIn } from "./message-in.ts";

/** A Protobuf schema as people write it. */
export interface ProtoText {
  readonly text: string;
  /** The version of its syntax. */
  readonly version: 2 | 3;
}

/**
 * Returns the file of a schema as `.proto`: names, numbers and types, without comments and options.
 *
 * It holds the files of its package that it imports; those of other packages are named.
 *
 * @throws BeeHiveError `InvalidConfiguration` for a text that is no descriptor set.
 */
export function protoText(schema: string): ProtoText {
  const { message: body } = messageIn(schema);
  const { file } = body;
  const files = filesOf(file);
  const imports = files.flatMap(({ dependencies }) => dependencies.filter((one) => !files.includes(one)));
  const messages = files.flatMap((one) => one.messages);
  const version = file.edition === Edition.EDITION_PROTO2 ? 2 : 3;
  const lines = [
    `syntax = "proto${version}";`,
    ...(file.proto.package === "" ? [] : [`package ${file.proto.package};`]),
    ...[...new Set(imports)].map(({ name }) => `import "${name}.proto";`),
    ...files.flatMap(({ enums }) => enums).flatMap((one) => enumLines(one)),
    ...messages.flatMap((one) => [
      // The parsers of AsyncAPI ask which of several messages is the body.
      ...(one === body && messages.length > 1 ? ["// @RootNode"] : []),
      ...messageLines(one),
    ]),
  ];
  return { text: `${lines.join("\n")}\n`, version };
}

/** Returns a file and those of its package that it imports. */
function filesOf(file: DescFile): readonly DescFile[] {
  const found = new Set([file]);
  for (const one of found)
    for (const other of one.dependencies) if (other.proto.package === file.proto.package) found.add(other);
  return [...found];
}

function messageLines(message: DescMessage): readonly string[] {
  const nested = message.nestedMessages.filter((one) => one.proto.options?.mapEntry !== true);
  const { members } = message;
  return [
    `message ${message.name} {`,
    ...indented([
      ...message.nestedEnums.flatMap((one) => enumLines(one)),
      ...nested.flatMap((one) => messageLines(one)),
      ...members.flatMap((member) =>
        member.kind === "field"
          ? [fieldLine(member)]
          : [`oneof ${member.name} {`, ...indented(member.fields.map((field) => fieldLine(field, ""))), "}"],
      ),
      ...reservedLines(message),
    ]),
    "}",
  ];
}

function enumLines({ name, values, proto }: DescEnum): readonly string[] {
  const alias = proto.options?.allowAlias === true ? ["option allow_alias = true;"] : [];
  return [`enum ${name} {`, ...indented([...alias, ...values.map((one) => `${one.name} = ${one.number};`)]), "}"];
}

function fieldLine(field: DescField, label: string = labelOf(field)): string {
  return `${label}${typeOf(field)} ${field.name} = ${field.number}${field.deprecated ? " [deprecated = true]" : ""};`;
}

function labelOf({ fieldKind, proto, parent }: DescField): string {
  if (fieldKind === "map") return "";
  if (fieldKind === "list") return "repeated ";
  if (proto.label === FieldDescriptorProto_Label.REQUIRED) return "required ";
  return isProto2(parent.file) || proto.proto3Optional ? "optional " : "";
}

function isProto2({ edition }: DescFile): boolean {
  return edition === Edition.EDITION_PROTO2;
}

function typeOf(field: DescField): string {
  if (field.fieldKind === "map") return `map<${scalarOf(field.mapKey)}, ${nameOf(field)}>`;
  return nameOf(field);
}

function nameOf({ message, enum: values, scalar }: DescField): string {
  const named = message ?? values;
  return named ? `.${named.typeName}` : scalarOf(scalar ?? ScalarType.BYTES);
}

function scalarOf(type: ScalarType): string {
  return ScalarType[type].toLowerCase();
}

function reservedLines({ proto: { reservedRange, reservedName } }: DescMessage): readonly string[] {
  // The end of a range is not in it.
  const ranges = reservedRange.map(({ start, end }) => (end - start === 1 ? `${start}` : `${start} to ${end - 1}`));
  return [
    ...(ranges.length === 0 ? [] : [`reserved ${ranges.join(", ")};`]),
    ...(reservedName.length === 0 ? [] : [`reserved ${reservedName.map((name) => `"${name}"`).join(", ")};`]),
  ];
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
