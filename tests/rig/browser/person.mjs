#!/usr/bin/env node
// A person with a browser: goes through pages in headless Chromium and tells what there was.
//
//   person.mjs           serves: prints ORIGIN=…, then `ready`. A walk that is posted to it is answered
//                        by its report. Ends when its standard input ends.
//   person.mjs ADDRESS   is what $BROWSER names: goes the steps of $STEPS, and puts the report into the
//                        file $REPORT.
//
// A walk is { address, steps }. A step is one of
//   ["fill", name, text]   into the field of that name
//   ["press", name]        a button or link
//   ["see", text]          waits until it is there
//   ["leave"]              waits until the browser is led to another server, where it finds nobody
// A report is { pages, errors, strangers, left, failure }: all pages that came ({ url, status,
// headers, html }), what the console said of errors ({ url, text }), requests to other computers
// ({ page, url }; none gets through), where "leave" led, and which step could not be gone.
//
// env: CHROMIUM, PICTURES (a folder: one of each page that a step begins at)
import { createRequire } from 'node:module';
import { renameSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';

const build = process.env.RIG_BUILD ?? fileURLToPath(new URL('../../../build/rig', import.meta.url));
const { chromium } = createRequire(`${build}/browser/`)('playwright-core');

const PATIENCE = 30_000; // milliseconds, for one step
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
const isHere = (url) => !url.startsWith('http') || LOOPBACK.includes(new URL(url).hostname);

const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  // It does not run as root otherwise.
  chromiumSandbox: false,
  args: [
    // Even if one slipped through below, no name is looked up and no other computer is reached.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE ::1',
    '--no-proxy-server', '--disable-gpu', '--disable-quic', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--no-first-run',
  ],
});

let pictures = 0;

async function walk(browser, { address, steps }) {
  const context = await browser.newContext({ viewport: { width: 700, height: 700 } });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const report = { pages: [], errors: [], strangers: [], left: null, failure: null };
  const pages = [];
  const start = new URL(address).host;
  const stays = !steps.some(([action]) => action === 'leave');
  let leave;
  const left = new Promise((resolve) => { leave = resolve; });

  // Not Playwright's own way: that one lets redirects through, and keeps favicons away.
  const protocol = await context.newCDPSession(page);
  await protocol.send('Fetch.enable');
  protocol.on('Fetch.requestPaused', ({ requestId, request: { url }, resourceType }) => {
    const answer = (method, more) => protocol.send(`Fetch.${method}`, { requestId, ...more }).catch(() => {});
    if (!isHere(url)) {
      report.strangers.push({ page: page.url(), url });
      return answer('failRequest', { errorReason: 'BlockedByClient' });
    }
    if (stays || resourceType !== 'Document' || new URL(url).host === start) return answer('continueRequest');
    leave(url);
    return answer('failRequest', { errorReason: 'ConnectionRefused' });
  });

  const complain = (url, text) => report.errors.push({ url, text });
  page.on('console', (message) => message.type() === 'error' && complain(message.location().url, message.text()));
  page.on('pageerror', (error) => complain(page.url(), error.message));
  page.on('response', (response) => {
    const isPage = response.request().isNavigationRequest() && response.status() !== 302 && response.status() !== 303;
    if (isPage) pages.push(read(response));
  });

  const actions = {
    fill: (name, text) => page.locator(`[name="${name}"]:visible`).fill(text),
    press: (name) => {
      const named = { name, exact: true };
      return page.getByRole('button', named).or(page.getByRole('link', named)).click();
    },
    see: (text) => page.getByText(text).first().waitFor(),
    leave: async () => { report.left = await timed(left); },
  };
  try {
    await page.goto(address);
    for (const [action, ...words] of steps) {
      if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${++pictures}.png` });
      await actions[action](...words).catch((error) => {
        throw new Error(`${action} ${words[0] ?? ''}: ${error.message.split('\n')[0]}`);
      });
    }
    if (!report.left) await page.waitForLoadState('load');
    if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${++pictures}.png` });
  } catch (error) {
    report.failure = `${error.message}, at a page that says: ${await page.innerText('body', { timeout: 1000 }).catch(() => '?')}`;
  }
  report.pages = await Promise.all(pages);
  await context.close();
  return report;
}

const read = async (response) => ({
  url: response.url(),
  status: response.status(),
  headers: await response.allHeaders(),
  html: await response.text().catch(() => ''),
});

const timed = (promise) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error('nothing happened')), PATIENCE);
  promise.then((value) => { clearTimeout(timer); resolve(value); });
});

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const browser = await launch();
const address = process.argv[2];
if (address) {
  const report = await walk(browser, { address, steps: JSON.parse(process.env.STEPS) });
  // Whoever waits for the file finds it whole.
  writeFileSync(`${process.env.REPORT}.new`, JSON.stringify(report));
  renameSync(`${process.env.REPORT}.new`, process.env.REPORT);
  await browser.close();
} else {
  const server = http.createServer(async (request, response) => {
    const report = await walk(browser, JSON.parse(await body(request)));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(report));
  });
  server.listen(0, '127.0.0.1', () => console.log(`ORIGIN=http://127.0.0.1:${server.address().port}\nready`));
  process.stdin.resume().on('end', async () => {
    await browser.close();
    process.exit(0);
  });
}
