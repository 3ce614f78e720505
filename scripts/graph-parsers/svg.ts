import type { Dom } from "./dom.ts";
import { counted, type Read } from "./reading.ts";

/** Reads pictures as XML: browsers show only well-formed ones. */
export function svgReader({ DOMParser }: Dom): Read {
  return async (text) => {
    const document = new DOMParser().parseFromString(text, "image/svg+xml");
    const [error] = document.querySelectorAll("parsererror");
    if (error) throw new Error(error.textContent);
    const labels = [...document.querySelectorAll("text, title")].map(({ textContent }) => textContent);
    return {
      contents: counted(labels.length, "text"),
      // A tooltip holds the whole name: NAME reads QUEUE.
      names: new Set(labels.flatMap((label) => [label, label.replace(/ reads [\w-]+$/, "")])),
    };
  };
}
