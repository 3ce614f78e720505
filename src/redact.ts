/** What stands in the place of a secret. */
const mask = "***";

/** What may stand around the word that makes a name one of a secret. Bounded, see {@link secrets}. */
const around = "[\\w-]{0,64}";
/** A partition key, or the key of an item, is no secret; nor is the name of a key. */
const secretName = `(?!${around}name\\b)${around}(?:(?:api|access|account|secret|private|shared)${around}key|secret|token|password|passwd|pwd|signature|credential|connection_?string)${around}`;

/**
 * What holds secrets, wherever it stands in a text; each keeps what names the secret and loses the rest. None may run on
 * from each of its beginnings in a text: messages of errors quote bodies, and of 100,000 letters that would be seconds.
 */
const secrets: readonly (readonly [RegExp, string])[] = [
  // A part of a connection string, as the clouds write them: to its end, for keys hold "=" and "/".
  [
    /\b((?:Shared)?(?:Access|Account)(?:Key|Signature)|Password|Pwd|SharedSecret\w*)\s*=\s*[^;\s"'&\\]+/gi,
    `$1=${mask}`,
  ],
  // The same within a parameter of a URL.
  [
    /((?:Shared)?(?:Access|Account)(?:Key|Signature)|Password|Pwd|SharedSecret\w{0,64})%3D(?:(?!%3B)[^&\s"'\\])+/gi,
    `$1%3D${mask}`,
  ],
  // What a URL has before its host. Everything up to the last "@" before the path: passwords hold "@" too.
  [/([a-z][a-z\d+.-]{0,30}:\/\/)[^\s/?#"']*@/gi, `$1${mask}@`],
  // A parameter of a URL or an assignment.
  [new RegExp(`([?&;\\s"']|^)(${secretName}|sig)=[^&;\\s"'\\\\]+`, "gi"), `$1$2=${mask}`],
  // A key of which nothing more is said: in a URL that is rarely that of an item.
  [/([?&]key)=[^&\s"'\\]+/gi, `$1=${mask}`],
  // A field of JSON.
  [new RegExp(`("${secretName}"\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*"`, "gi"), `$1"${mask}"`],
  // Tokens that are known by their looks: AWS access key ids, bearer tokens, JSON web tokens.
  [/\b(?:AKIA|ASIA)[A-Z\d]{16}\b/g, mask],
  [/\b(Bearer)\s+[\w.~+/=-]+/gi, `$1 ${mask}`],
  // On one line: what follows a token without a scheme is the next header.
  [/\b(Authorization["']?[ \t]?[:=][ \t]?["']?[\w-]{1,64})[ \t][^\s"',;]+/gi, `$1 ${mask}`],
  [/(?<![\w-])(?=[\w-]+\.[\w-]+\.)((?:[\w-]*?-)?)eyJ[\w-]+\.[\w-]+\.[\w-]*/g, `$1${mask}`],
];

/**
 * A text without the secrets in it: passwords and keys in URLs, connection strings, JSON and messages. What tells one
 * place from another (hosts, names, regions) stays.
 */
export function redact(text: string): string {
  return secrets.reduce((rest, [pattern, replacement]) => rest.replaceAll(pattern, replacement), text);
}
