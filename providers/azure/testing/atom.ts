/*
 * The part of Atom and XML that the administration API needs. It reads only the XML that the client of the SDK writes.
 */

const serviceBusNamespace = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect";

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function unescapeXml(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

/** Returns the elements that hold only text, by name. */
export function textElements(xml: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = "", text = ""] of xml.matchAll(/<([A-Za-z]\w*)(?:\s[^>]*)?>([^<]*)<\/\1>/g))
    found[name] = unescapeXml(text);
  return found;
}

/** Returns the content of the first element of that name. */
export function innerXml(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}(?:\\s[^>]*)?>(.*?)</${name}>`, "s").exec(xml)?.[1];
}

/** Returns the attribute `…:type` of the first element of that name. */
export function typeOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}\\s[^>]*?\\w+:type="([^"]*)"`).exec(xml)?.[1];
}

/** Returns the pairs of a dictionary in the filter of a rule. */
export function keyValues(xml: string): Record<string, string> {
  const pairs = xml.matchAll(/<Key>([^<]*)<\/Key>\s*<Value[^>]*>([^<]*)<\/Value>/g);
  return Object.fromEntries([...pairs].map(([, key = "", value = ""]) => [unescapeXml(key), unescapeXml(value)]));
}

/** @param content the XML description of an entity. */
export function entry(host: string, path: string, content: string): string {
  const title = escapeXml(path);
  return (
    `<entry xmlns="http://www.w3.org/2005/Atom"><id>https://${host}/${title}</id><title type="text">${title}</title>` +
    `<content type="application/xml">${content}</content></entry>`
  );
}

export function feed(entries: readonly string[]): string {
  return `<feed xmlns="http://www.w3.org/2005/Atom"><title type="text">Entities</title>${entries.join("")}</feed>`;
}

/** Returns a description element: simple properties, then further XML. */
export function description(element: string, properties: Readonly<Record<string, string>>, more = ""): string {
  const fields = Object.entries(properties).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  const namespaces = `xmlns="${serviceBusNamespace}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"`;
  return `<${element} ${namespaces}>${fields.join("")}${more}</${element}>`;
}

/** Returns the counts of messages. The client expects a prefix for their XML namespace. */
export function countDetails(counts: Readonly<Record<string, number>>): string {
  const fields = Object.entries(counts).map(([name, count]) => `<d2p1:${name}>${count}</d2p1:${name}>`);
  const namespace = `xmlns:d2p1="http://schemas.microsoft.com/netservices/2011/06/servicebus"`;
  return `<CountDetails ${namespace}>${fields.join("")}</CountDetails>`;
}

export function problem(code: number, detail: string): string {
  return `<Error><Code>${code}</Code><Detail>${escapeXml(detail)}</Detail></Error>`;
}
