import { html } from "hono/html";
import type { PageFiles } from "./page-files.ts";

/** The folder of everything but the page itself. The rest of a path is where the application has mounted it. */
export const folder = "/-/";

/**
 * Returns the page. All of its URLs are relative to the path that it was requested by, with or without a last slash.
 *
 * So it can be mounted anywhere, and needs no option that says where.
 */
export function pageHtml(path: string, title: string, { version }: Pick<PageFiles, "version">): unknown {
  const base = `.//${path.slice(path.lastIndexOf("/") + 1)}${folder}`.replaceAll(/\/{2,}/g, "/");
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title}</title>
        <link rel="icon" href="${base}icon.svg" />
        <link rel="stylesheet" href="${base}page.css?${version}" />
        <script type="module" src="${base}page.js?${version}"></script>
      </head>
      <body>
        <div id="page"></div>
        <noscript>This page needs JavaScript; the command line needs none: npx beehive queues</noscript>
      </body>
    </html>`;
}

/** The icon: a cell of honey. */
export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M16 2l12 7v14l-12 7-12-7V9z" fill="#f5b82e" stroke="#8a6109" stroke-width="2"/><path d="M16 9l6 3.5v7L16 23l-6-3.5v-7z" fill="#8a6109"/></svg>';
