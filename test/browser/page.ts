/** Opens the page of a report in a real Chromium, and remembers all that it asks for and complains of. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Debian's, unless CHROMIUM names another one; scripts/test.js looks for the same. */
export async function openBrowser(): Promise<Browser> {
  // Where the tests run as root there is no sandbox; the page is ours.
  const { CHROMIUM: executablePath = '/usr/bin/chromium' } = process.env;
  return await chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

export interface OpenPage extends AsyncDisposable {
  page: Page;
  /** Addresses that were asked for beside the page itself. */
  requests: string[];
  /** Errors and warnings, the policy's refusals among them. */
  complaints: string[];
}

export interface PageOptions {
  width?: number;
  scheme?: 'light' | 'dark';
  javaScript?: boolean;
}

/** Opens a page from a file, as whoever downloads it from a CI job does. */
export async function openPage(
  browser: Browser,
  text: string,
  { width = 1280, scheme = 'light', javaScript = true }: PageOptions = {},
): Promise<OpenPage> {
  const directory = mkdtempSync(join(tmpdir(), 'kserve-env-page-'));
  const file = join(directory, 'report.html');
  writeFileSync(file, text);
  const address = pathToFileURL(file).href;
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    javaScriptEnabled: javaScript,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== address && !request.url().startsWith('data:')) requests.push(request.url());
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', async (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  await page.goto(address);
  return {
    page,
    requests,
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
