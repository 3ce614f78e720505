import { parserModule } from "./reading.ts";

/** As far as the readers need it. */
export interface Dom {
  readonly document: { createElement(name: string): { innerHTML: string; readonly textContent: string } };
  readonly DOMParser: new () => { parseFromString(text: string, type: "image/svg+xml"): XmlDocument };
}

interface XmlDocument {
  querySelectorAll(selector: string): Iterable<{ readonly textContent: string }>;
}

/** A browser's document; not every stand-in will do: what Mermaid cleans labels with loses text in happy-dom. */
export async function openDom(): Promise<Dom> {
  const { JSDOM } = await parserModule<{ JSDOM: new () => { readonly window: Dom } }>("jsdom");
  return new JSDOM().window;
}
