import type { Dom } from "./dom.ts";
import { counted, parserModule, type Read } from "./reading.ts";

interface Mermaid {
  parse(text: string): Promise<{ readonly diagramType: string }>;
  readonly mermaidAPI: {
    getDiagramFromText(text: string): Promise<{
      readonly db: {
        getVertices(): ReadonlyMap<string, { readonly text?: string }>;
        getEdges(): readonly unknown[];
      };
    }>;
  };
}

/** Reads flow charts with the parser of Mermaid, which needs a browser's globals. */
export async function mermaidReader(dom: Dom): Promise<Read> {
  Object.assign(globalThis, { window: dom, document: dom.document });
  const { default: mermaid } = await parserModule<{ readonly default: Mermaid }>("mermaid");
  return async (text) => {
    const { diagramType } = await mermaid.parse(text);
    if (!diagramType.startsWith("flowchart"))
      throw new Error(`expected a flow chart, but the parser read ${diagramType}`);
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    const labels = [...db.getVertices().values()].map(({ text: label = "" }) => shown(label, dom));
    return {
      contents: `${counted(labels.length, "node")}, ${counted(db.getEdges().length, "arrow")}`,
      names: new Set(labels.flatMap((label) => [label, ...label.split("\n")])),
    };
  };
}

/** Returns a label as a browser shows it. Before drawing, Mermaid encodes `#35;` in its own way. */
function shown(label: string, { document }: Dom): string {
  const element = document.createElement("div");
  element.innerHTML = label
    .replaceAll("ﬂ°°", "&#")
    .replaceAll("ﬂ°", "&")
    .replaceAll("¶ß", ";")
    .replaceAll(/<br ?\/?>/g, "\n");
  return element.textContent;
}
