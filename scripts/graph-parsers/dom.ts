import { parserModule } from "./reading.ts";

/** The part of a window that the readers need. */
export interface Dom {
  readonly document: { createElement(name: string): { innerHTML: string; readonly textContent: string } };
  readonly DOMParser: new () => { parseFromString(text: string, type: "image/svg+xml"): XmlDocument };
}

interface XmlDocument {
  querySelectorAll(selector: string): Iterable<{ readonly textContent: string }>;
}

/** Returns a browser's window. Mermaid's sanitizer loses text in happy-dom, so not every substitute works. */
export async function openDom(): Promise<Dom> {
  const { JSDOM } = await parserModule<{ JSDOM: new () => { readonly window: Dom } }>("jsdom");
  return new JSDOM().window;
}
