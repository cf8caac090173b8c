import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseResult } from '../../src/checks/case.js';
import { htmlReport } from '../../src/checks/report/html.js';
import { hostileTexts, outcome, reportOf, routes, setUp } from '../unit/checks/sample-report.js';
import { openBrowser, openPage, type PageOptions } from './page.js';

const families = ['values', 'id', 'shape', 'version'];

/** As many cases as our own server has, of all verdicts. */
const cases: CaseResult[] = Array.from({ length: 800 }, (_, index) => {
  const route = routes[index % 4];
  const row = Math.floor(index / 4);
  const status = index % 90 === 7 ? 'failed' : index % 90 === 50 ? 'noted' : index % 90 === 70 ? 'skipped' : 'passed';
  const family = families[row % 4];
  return outcome(status, {
    suite: index < 400 ? 'infer' : 'errors',
    id: `${index < 400 ? 'infer' : 'errors'}/${family}/a_model_with_quite_a_long_name_${row}/${route}`,
    title: `a_model_with_quite_a_long_name_${row}: ${family} are right (${route})`,
    message: `${family}: expected [2, -5, 6], got [2, -5, ${index}]`,
    ms: (index * 7919) % 300,
  });
});
const text = htmlReport(reportOf(cases, { setUp }));

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => await browser.close());

const visibleRows = (page: Page) => page.locator('tr[data-v]:visible').count();
const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

describe.each<PageOptions>([
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 1280 },
  { scheme: 'light', width: 360 },
  { scheme: 'dark', width: 360 },
])('the page, $scheme, $width pixels wide', (options) => {
  it('asks for nothing and complains of nothing', async () => {
    await using open = await openPage(browser, text, options);
    expect(await open.page.title()).toMatch(/^✖ \d+ of \d+ checks failed/);
    expect({ requests: open.requests, complaints: open.complaints }).toEqual({ requests: [], complaints: [] });
  });

  it('is nowhere wider than the window, with everything unfolded', async () => {
    await using open = await openPage(browser, text, options);
    expect(await overflow(open.page)).toBeLessThanOrEqual(0);
    await open.page.evaluate(() => {
      for (const one of document.querySelectorAll('details')) one.open = true;
    });
    expect(await overflow(open.page)).toBeLessThanOrEqual(0);
  });

  it('has no fault that axe finds: contrast, names, structure', async () => {
    await using open = await openPage(browser, text, options);
    expect(await violationsOf(open.page)).toEqual([]);
  });

  it('is not blank, and has the colours of its scheme', async () => {
    await using open = await openPage(browser, text, options);
    const { colours, brightness } = await picture(open.page);
    expect(colours).toBeGreaterThan(50);
    if (options.scheme === 'dark') expect(brightness).toBeLessThan(90);
    else expect(brightness).toBeGreaterThan(200);
  });
});

describe('the filter', () => {
  it('shows the rows that have all the words, and says how many they are', async () => {
    await using open = await openPage(browser, text);
    const { page } = open;
    await page.getByRole('searchbox').fill('version name_7');
    const rows = await visibleRows(page);
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(200);
    for (const row of await page.locator('tr[data-v]:visible').allTextContents())
      expect(row).toMatch(/version.*|name_7/);
    expect(await page.locator('output').textContent()).toBe(`${rows} of 200 rows`);
    expect(await page.locator('section:has(> h2#failures)').isVisible()).toBe(
      (await page.locator('.card:not(.note):visible').count()) > 0,
    );
    await page.getByRole('searchbox').fill('');
    expect(await visibleRows(page)).toBe(200);
  });

  it('finds a case by its id, though the id is folded away', async () => {
    await using open = await openPage(browser, text);
    await open.page.getByRole('searchbox').fill('infer/version/a_model_with_quite_a_long_name_3');
    expect(await visibleRows(open.page)).toBeGreaterThan(0);
  });

  it('leaves out verdicts, with the headings that have nothing left', async () => {
    await using open = await openPage(browser, text);
    const { page } = open;
    await page.getByRole('checkbox', { name: /passed/ }).uncheck();
    const failing = await visibleRows(page);
    expect(failing).toBeLessThan(60);
    for (const one of await page.locator('tr[data-v]:visible').all())
      expect(await one.getAttribute('data-v')).toMatch(/[fns]/);
    for (const name of [/failed/, /noted/, /skipped/]) await page.getByRole('checkbox', { name }).uncheck();
    expect(await visibleRows(page)).toBe(0);
    expect(await page.locator('tbody[data-g]:visible, .card:visible, h2#failures:visible').count()).toBe(0);
  });

  it('is not there without a script, and everything else is', async () => {
    await using open = await openPage(browser, text, { javaScript: false });
    expect(await open.page.locator('.tools').isVisible()).toBe(false);
    expect(await visibleRows(open.page)).toBe(200);
    expect(open.complaints).toEqual([]);
  });
});

describe('a cell', () => {
  it('of a failure leads to its request and answer', async () => {
    await using open = await openPage(browser, text);
    const { page } = open;
    await page.locator('td a.f').last().click();
    const target = page.locator(':target');
    expect(await target.isVisible()).toBe(true);
    expect(await target.textContent()).toContain('expected [2, -5, 6]');
  });

  it('of a note unfolds it, without a script too', async () => {
    await using open = await openPage(browser, text, { javaScript: false });
    const { page } = open;
    await page.locator('td a.n').last().click();
    await page.locator(':target').waitFor({ state: 'visible' });
    expect(page.url()).toMatch(/#c\d+$/);
  });
});

describe('by keyboard', () => {
  it('the first stop skips to the cases', async () => {
    await using open = await openPage(browser, text);
    const { page } = open;
    await page.keyboard.press('Tab');
    expect(await focused(page)).toMatch(/Skip to the cases/);
    await page.keyboard.press('Enter');
    expect(page.url()).toMatch(/#cases$/);
  });

  it('the filter, the failures and the rows are reached, each with its focus in sight', async () => {
    await using open = await openPage(browser, text);
    const { page } = open;
    const seen: string[] = [];
    for (let stop = 0; stop < 45; stop += 1) {
      await page.keyboard.press('Tab');
      seen.push(await focused(page));
      const outline = await page.evaluate(() => {
        const element = document.activeElement;
        return element === null ? 'none' : getComputedStyle(element).outlineStyle;
      });
      expect(outline, seen.at(-1) ?? '').not.toBe('none');
    }
    for (const kind of [/^INPUT search/, /^INPUT checkbox/, /^SUMMARY .*are right/]) {
      expect(
        seen.some((one) => kind.test(one)),
        String(kind),
      ).toBe(true);
    }
  });

  it('a row is unfolded and folded, and a box unchecked', async () => {
    await using open = await openPage(browser, text);
    const { page } = open;
    const row = page.locator('tr[data-v] summary').first();
    await row.focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('tr[data-v] details').first().getAttribute('open')).not.toBeNull();
    await page.keyboard.press('Enter');
    expect(await page.locator('tr[data-v] details').first().getAttribute('open')).toBeNull();
    await page.getByRole('checkbox', { name: /passed/ }).focus();
    await page.keyboard.press('Space');
    expect(await visibleRows(page)).toBeLessThan(200);
  });

  it('nobody is trapped: from the last stop it goes on', async () => {
    await using open = await openPage(browser, text);
    const { page } = open;
    await page.locator('.slow a').last().focus();
    await page.keyboard.press('Tab');
    expect(await focused(page)).not.toMatch(/long_name/);
    await page.locator('.tools input').first().focus();
    await page.keyboard.press('Shift+Tab');
    expect(await focused(page)).not.toMatch(/^INPUT search/);
  });
});

describe('on paper', () => {
  it('is black on white in either scheme, has no filter, and no failure is folded', async () => {
    await using open = await openPage(browser, text, { scheme: 'dark' });
    const { page } = open;
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.locator('.tools').isVisible()).toBe(false);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)');
    expect(await page.locator('.card .message').last().isVisible()).toBe(true);
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-');
  });
});

describe('a hostile server', () => {
  it('runs nothing and loads nothing, whatever it says', async () => {
    const all = hostileTexts.join(' ');
    const exchange = { transport: 'rest' as const, call: all, request: hostileTexts, answer: hostileTexts, ms: 1 };
    const hostile = hostileTexts.flatMap((words, index) =>
      (['passed', 'failed', 'noted', 'skipped'] as const).map((status) =>
        outcome(status, {
          id: `infer/${words}/${index}/${status}/grpc-typed`,
          title: words,
          message: words,
          exchanges: [exchange],
        }),
      ),
    );
    const page = htmlReport(
      reportOf(hostile, {
        server: { name: all, version: all, extensions: [all], models: [all] },
        endpoints: { http: all },
      }),
    );
    for (const scheme of ['light', 'dark'] as const) {
      await using open = await openPage(browser, page, { scheme, width: 360 });
      expect({ requests: open.requests, complaints: open.complaints }).toEqual({ requests: [], complaints: [] });
      expect(await open.page.locator('main script, main img, main svg:not(.bar), main iframe').count()).toBe(0);
      expect(await overflow(open.page)).toBeLessThanOrEqual(0);
      expect(await open.page.locator('h1').textContent()).toMatch(/of \d+ checks failed/);
    }
  });

  it('whose words were not escaped would still run nothing', async () => {
    const broken = text.replace(
      '</main>',
      '<img src="http://127.0.0.1:9/x" onerror="document.title=1"><script>document.title=2</script></main>',
    );
    await using open = await openPage(browser, broken);
    expect(await open.page.title()).toMatch(/checks failed/);
    expect(open.complaints.join()).toMatch(/Content Security Policy/);
  });
});

/** What has the focus: the element's kind, and its words. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate(() => {
    const { activeElement: one } = document;
    if (one === null) return 'nothing';
    const type = one.getAttribute('type');
    return `${one.tagName}${type === null ? '' : ` ${type}`} ${one === document.body ? '' : (one.textContent?.trim() ?? '')}`.trim();
  });
}

async function violationsOf(page: Page): Promise<unknown[]> {
  // Through the debugger: the page's own policy lets no script in, and shall not be loosened for a test.
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const { run } = (window as unknown as { axe: { run(): Promise<{ violations: AxeViolation[] }> } }).axe;
    const { violations } = await run();
    return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.slice(0, 3).map(({ html }) => html) }));
  });
}

interface AxeViolation {
  id: string;
  help: string;
  nodes: { html: string }[];
}

/** How many colours the picture of the page has, and how bright it is on the whole. */
async function picture(page: Page): Promise<{ colours: number; brightness: number }> {
  const png = (await page.screenshot()).toString('base64');
  const blank = await page.context().newPage();
  return await blank.evaluate(async (source) => {
    const image = new Image();
    image.src = `data:image/png;base64,${source}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    if (context === null) throw new Error('no canvas');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const colours = new Set<number>();
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) {
      const [red = 0, green = 0, blue = 0] = [data[at], data[at + 1], data[at + 2]];
      colours.add((red << 16) | (green << 8) | blue);
      sum += (red + green + blue) / 3;
    }
    return { colours: colours.size, brightness: sum / (data.length / 4) };
  }, png);
}
