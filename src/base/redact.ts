/** The replacement of a secret. */
const mask = "***";

/** Words in the names of secrets: of fields, parameters, headers and variables. */
const words =
  "pass(?:word|wd|phrase|code)|(?<![a-z\\d])pass(?![\\w-])|pwd|secret(?!ar)|token|credential|signature|cookie|connection[_-]?string|" +
  "(?:api|access|account|private|shared)[\\w-]{0,20}key|(?:encryption|signing|master|license|subscription|functions?)[_-]?key";
/** A whole name of a secret. The name of a key is no secret, nor are a partition key and the key of an item. */
const secretName = `(?:${words})(?![\\w-]{0,40}name\\b)[\\w-]{0,64}`;
/*
 * Each pattern takes linear time, since errors quote bodies of any length. The tries from each place of a text
 * are bounded, and a value needs no end.
 */

/**
 * A value in quotes, up to the same quote after as many backslashes (JSON within JSON).
 *
 * A doubled quote is part of the value, as in connection strings.
 */
const quoted =
  "(?<open>(?<slashes>\\\\{0,15})(?<quote>[\"'`]))" +
  "(?:(?!\\k<quote>)[^\\\\]|\\k<quote>{2}|\\k<slashes>\\\\+\\k<quote>?|\\\\+(?!\\\\|\\k<quote>))*";
/** A word in the place of a secret, with the characters that may follow it. */
const noSecret = "(?:true|false|yes|no|none|null|undefined)(?=$|[\\s&;,\"'`\\\\<>()[\\]{}]|[.!?:](?:$|[\\s\"'`]))";
/** An index between a name and its sign. */
const index = "(?:(?:\\[|%5B)\\w{0,20}(?:\\]|%5D)|\\]|%5D)?";
/** A value without quotes. Keys hold "=" and "/", passwords commas and brackets; ODBC has braces around its values. */
const bare =
  `(?:(?<==)\\{[^{}]*\\}|(?!${noSecret})` +
  "(?:[^\\s&;,\"'`\\\\<>()[\\]{}]|,(?![\\s\"']|$)|[()[\\]{}](?=[^\\s&;,\"'`)\\]}])|\\\\(?!\\\\*[\"'nrt]))+)";

/** Patterns of secrets. Each replacement keeps the name of the secret. */
const secrets: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/(-----BEGIN [A-Z\d ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----)(?:(?!-----)[^])*/g, `$1${mask}`],
  // All cookies of a header, to the end of its line.
  [/((?:set-)?cookie2?\s?:[ \t]*)(?![ \t]|null\b|undefined\b)[^\r\n"'`\\]+/gi, `$1${mask}`],
  // A scheme stays. On one line: behind a token without a scheme comes the next header.
  [/(authorization\\{0,15}["']?[ \t]?(?:=>|[:=])[ \t]?\\{0,15}["']?[\w-]{1,64})[ \t]+[^\s"',;\\]+/gi, `$1 ${mask}`],
  [/(authorization\\{0,15}["']?[ \t]?(?:=>|[:=])[ \t]?\\{0,15}["']?)[^\s"',;\\]{16,}/gi, `$1${mask}`],
  [/\b(Bearer)\s+[\w.~+/=-]+/gi, `$1 ${mask}`],
  [/\b(Basic)[ \t]+(?=[A-Za-z+/]{0,200}[\d=])[A-Za-z\d+/]{8,}={0,2}/gi, `$1 ${mask}`],
  [/(authorization["']?[ \t]?(?:=>|[:=])[ \t]?(["']))(?!(?:none|null|undefined)["'])[^\s"'\\]+(?=\2)/gi, `$1${mask}`],
  [/(\bDigest\s[^\r\n]{0,300}?\bresponse=\\{0,15}["']?)[^\s"'\\,]+/gi, `$1${mask}`],
  // On the lines behind its name, in YAML.
  [new RegExp(`(${secretName}["']?:[ \\t]{0,9}[|>][+-]?)(?:\\r?\\n[ \\t]{1,40}[^\\r\\n]+)+`, "gi"), `$1 ${mask}`],
  [
    new RegExp(`(${secretName}["']?:[ \\t]{0,9}\\r?\\n[ \\t]{1,40})(?!at |- |[a-z_.-]{1,64}:\\s)[^\\s]+`, "gi"),
    `$1${mask}`,
  ],
  // The value of an element, named by its attribute.
  [new RegExp(`((?:key|name)=["'][\\w:.-]{0,60}${secretName}["'][ \\t]{1,9}value=["'])[^"'<>]+`, "gi"), `$1${mask}`],
  [/(hooks\.slack\.com\/[a-z]{1,20}\/)[^\s"'<>\\)]+/gi, `$1${mask}`],
  [/(discord(?:app)?\.com\/api\/(?:v\d{1,3}\/)?webhooks\/)[^\s"'<>\\)]+/gi, `$1${mask}`],
  // Behind its name: in JSON, JavaScript, YAML, headers, connection strings, parameters of URLs, variables.
  [
    new RegExp(
      `(?<name>(?:${secretName})${index}\\\\{0,15}["'\`]?[ \\t]{0,9}(?:=>|:=|[:=])[ \\t]{0,9}\\[?)(?:${quoted}|${bare})`,
      "gi",
    ),
    `$<name>$<open>${mask}`,
  ],
  [new RegExp(`(<[\\w:.-]{0,60}${secretName}(?: [^<>]{0,200})?>)[^<>]+`, "gi"), `$1${mask}`],
  [new RegExp(`(--${secretName}[ \\t]{1,9})[^\\s-][^\\s"']*`, "gi"), `$1${mask}`],
  // The same within a parameter of a URL, its signs encoded.
  [
    new RegExp(
      `((?:${secretName}|sig)${index}(?:%22)?(?:%20)?(?:%3D|%3A)(?:%20)?(?:%22)?)(?:(?!%3B|%26|%22|%20|%2C)[^&\\s"'\\\\])+`,
      "gi",
    ),
    `$1${mask}`,
  ],
  [/(%3A%2F%2F)[^\s%/?#"']{0,200}%3A(?:(?!%40|%2F)[^\s/?#"'&])*%40/gi, `$1${mask}%40`],
  // User and password of a URL: up to the last "@" before the path, as passwords hold "@" too. No host is that long.
  [/([a-z][a-z\d+.-]{0,30}:\/\/)(?:[^\s/?#"']*@|[^\s/?#"']{257,})/gi, `$1${mask}@`],
  // Short names of parameters, which in a URL are rarely the key of an item or the number of an error.
  [/([?&#](?:key|sig|auth)=)[^&\s"'\\]+/gi, `$1${mask}`],
  [/([\s;&?"']sig=)[^&;\s"'\\]+/gi, `$1${mask}`],
  [/([?&#]code=)[^&\s"'\\]{8,}/gi, `$1${mask}`],
  // Secrets of a known form: keys of AWS and Azure, JSON web tokens, and the marked tokens of services.
  [/\b(?:AKIA|ASIA)[A-Z\d]{16}\b/g, mask],
  [/(?<![A-Za-z\d+/])[A-Za-z\d+/]{86}==/g, mask],
  [/(?<![\w-])(?=[\w-]+\.[\w-]+\.)((?:[\w-]*?-)?)eyJ[\w-]+\.[\w-]+\.[\w-]*/g, `$1${mask}`],
  [/\beyJ[\w-]{100,}/g, mask],
  [
    /\b(?:gh[pousr]_[A-Za-z\d]|github_pat_\w|glpat-[\w-]|npm_[A-Za-z\d]|xox[a-z]-[\w-]|xapp-[\w-]|AIza[\w-])[\w-]{9,}/g,
    mask,
  ],
  [/\b(?:[sr]k_(?:live|test)_|whsec_|sk-|shpat_|hvs\.|dop_v1_|glsa_|ya29\.|SG\.)[\w.-]{16,}/g, mask],
];

const secretField = new RegExp(`^[\\w-]{0,64}${secretName}$`, "i");

/** Returns the value of a field; masked if the field has the name of a secret. */
export function redactField<T>(name: string, value: T): T | string {
  return typeof value === "string" && secretField.test(name) ? mask : value;
}

/**
 * Returns a text with masked secrets: passwords, keys and tokens in URLs, JSON, headers and more.
 *
 * Hosts, names and regions stay.
 */
export function redact(text: string): string {
  return secrets.reduce((rest, [pattern, replacement]) => rest.replaceAll(pattern, replacement), text);
}

/** Fills the place of what a mask makes shorter: no character of any text. */
const filler = "\uffff";

/** The same, with every mask at least as long as what it stands for. What comes behind it stays where it was. */
export function redactInPlace(text: string): string {
  return secrets.reduce(
    (rest, [pattern, replacement]) =>
      rest.replaceAll(pattern, (...match: unknown[]) => {
        const masked = replacement.replaceAll(/\$(?:(\d)|<(\w+)>)/g, (_all, number?: string, name?: string) => {
          const named = match.at(-1) as Readonly<Record<string, string | undefined>>;
          const numbered = match as readonly (string | undefined)[];
          return (number ? numbered[Number(number)] : named[name as string]) ?? "";
        });
        return masked.padEnd((match[0] as string).length, filler);
      }),
    text,
  );
}

export function withoutFiller(text: string): string {
  return text.replaceAll(filler, "");
}
