/** A headless Chromium for tests of the dashboard, where one is installed. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { patience } from "../runner/patience.ts";
import { root } from "./cli.ts";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const found = process.env["BEEHIVE_TEST_CHROMIUM"] ?? places.find((path) => existsSync(path));

/** Why there is no browser. CI installs one where it may. */
export const noBrowser: string | undefined =
  found === undefined ? "Chromium is not installed; BEEHIVE_TEST_CHROMIUM names it elsewhere" : undefined;

/** The folder of the pictures that tests take, which CI keeps. */
const pictures = join(root, "test/screenshots");

/** A page of the browser, with all that went wrong on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, and lines of the console that are errors, such as a refusal by the security policy. */
  readonly errors: string[];
}

export async function startBrowser(): Promise<Browser> {
  // Containers run as root, where the sandbox of Chromium does not work.
  return await chromium.launch({ executablePath: found ?? "", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (line) => {
    if (line.type() === "error") errors.push(line.text());
  });
  page.setDefaultTimeout(15_000 * patience);
  return { page, errors };
}

/** Keeps a picture of the whole page. */
export async function takePicture(page: Page, name: string): Promise<void> {
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}
