import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import t from "tap";
import { type Faint, FIND_FAINT_TEXT } from "../support/contrast.ts";
import { startDemo } from "../support/demo-site.ts";
import { CHROMIUM, CHROMIUM_FLAGS, type Teardown, until } from "../support/servers.ts";

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };
/** The page shows a change within a second; cars take their time. Only absence may fail a test. */
const PATIENCE_MS = 60_000;

t.setTimeout(5 * PATIENCE_MS);
/** Runs inside the page: the text of whatever reaches beyond the inner edge of the card it belongs to. */
const OUTSIDE_ITS_CARD = `[...document.querySelectorAll("section *, article *")].filter(element => {
  const card = element.closest("section, article");
  const inner = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
  return element.checkVisibility() && element.getBoundingClientRect().right > inner + 1;
}).map(element => element.textContent)`;

const demo = await startDemo(t);
const browser = await chromium.launch({ executablePath: CHROMIUM, args: [...CHROMIUM_FLAGS] });
t.teardown(() => browser.close());

const pointNamed = (page: Page, name: string): Locator => page.getByRole("article", { name });
const modeButton = (page: Page, name: string, mode: string): Locator =>
  page.getByRole("group", { name: `Mode of ${name}` }).getByRole("button", { name: mode });

async function visit(t: Teardown, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: DESK, ...options });
  t.teardown(() => page.close());
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(demo.url);
  await pointNamed(page, "Left").waitFor();
  return page;
}

/** Waits until this button is, or is not, the mode in force. */
async function pressed(button: Locator): Promise<true> {
  return until("the mode is shown as in force", async () => (await button.getAttribute("aria-pressed")) === "true");
}

t.test("shows the house against its fuse and each charge point, from this gateway alone", async t => {
  const elsewhere: string[] = [];
  const errors: string[] = [];
  const page = await browser.newPage({ viewport: DESK });
  t.teardown(() => page.close());
  page.on("request", request => {
    if (!request.url().startsWith(`${demo.url}/`)) elsewhere.push(request.url());
  });
  page.on("pageerror", error => errors.push(error.message));
  await page.goto(demo.url);
  await pointNamed(page, "Left").waitFor();
  await pointNamed(page, "Right").waitFor();
  for (const phase of ["L1", "L2", "L3"]) {
    const bar = page.getByRole("meter", { name: `Mains ${phase}` });
    await until(`${phase} is measured`, async () =>
      /^-?\d+\.\d A of 25 A/.test((await bar.getAttribute("aria-valuetext")) ?? ""),
    );
  }
  t.ok(await page.getByRole("heading", { name: "House connection" }).isVisible());
  await page.getByRole("img", { name: /^Mains per phase, last 15 minutes\. L1: at most/ }).waitFor();
  await page.getByRole("img", { name: /^Charge points, last 15 minutes\. Left drawn/ }).waitFor();
  t.strictSame(errors, []);
  t.strictSame(elsewhere, []);
});

t.test("says what a charging car is offered, what it draws, and why not more", async t => {
  const page = await visit(t);
  const left = pointNamed(page, "Left");
  await left.getByText("Charging", { exact: true }).waitFor();
  const offer = left.getByRole("meter", { name: "Offered current" });
  await until("the car draws", async () =>
    /^\d+\.\d A offered, [1-9]\d*\.\d A drawn, at most/.test((await offer.getAttribute("aria-valuetext")) ?? ""),
  );
  t.match(await left.innerText(), /Why\s+Limited by \w+/);
  t.match(await left.innerText(), /Session\s+\d+\.\d\d kWh/);
});

t.test("changes the mode by keyboard, and shows it once the charge point does", async t => {
  const page = await visit(t);
  await pressed(modeButton(page, "Left", "Smart"));
  const pause = modeButton(page, "Left", "Pause");
  await pause.focus();
  await page.keyboard.press("Enter");
  await pressed(pause);
  t.equal(await modeButton(page, "Left", "Smart").getAttribute("aria-pressed"), "false");
  t.equal(await modeButton(page, "Right", "Pause").getAttribute("aria-pressed"), "false", "only the one asked");
  await pointNamed(page, "Left").getByText("Paused, car connected").waitFor();
  await modeButton(page, "Left", "Smart").click();
  await pressed(modeButton(page, "Left", "Smart"));
});

t.test("a mode that cannot be set is told in words, and the one in force stays", async t => {
  const page = await visit(t);
  await pressed(modeButton(page, "Left", "Smart"));
  await page.route("**/api/v1/points/left/mode", route => route.abort());
  await modeButton(page, "Left", "Off").click();
  await pointNamed(page, "Left").getByText("Off was refused: The gateway cannot be reached.").waitFor();
  t.equal(await modeButton(page, "Left", "Smart").getAttribute("aria-pressed"), "true");
});

t.test("the simulated site takes orders, and says what it does not understand", async t => {
  const page = await visit(t);
  const words = page.getByLabel("Or in words");
  await words.fill("boil left");
  await words.press("Enter");
  await page.getByText(/"boil" is not understood; expected/).waitFor();
  await page.getByRole("button", { name: "House as usual" }).click();
  await page.getByText("The house does as it likes").waitFor();
});

t.test("tells every limit of a charge point, which one holds, and when it is decided again", async t => {
  const page = await visit(t);
  const left = pointNamed(page, "Left");
  await left.getByText("Charging", { exact: true }).waitFor();
  await left.getByText("All limits").click();
  await left.getByText("holds", { exact: true }).waitFor();
  for (const limit of [/^Main fuse on L1 \(25 A\)/, /^Main fuse on L2 \(25 A\)/, /^Cable/, /^Circuit on L3 \(40 A\)/]) {
    await left.getByText(limit).waitFor();
  }
  t.match(await left.locator(".explain-next").innerText(), /^Next\s+\w.+/);
  t.strictSame(await page.evaluate(OUTSIDE_ITS_CARD), []);
});

t.test("lists a session once it has ended, and gives all of them as a table", async t => {
  const page = await visit(t);
  const words = page.getByLabel("Or in words");
  await pointNamed(page, "Left").getByText("Charging", { exact: true }).waitFor();
  await words.fill("unplug left");
  await words.press("Enter");
  const sessions = page.getByRole("region", { name: "Last sessions" });
  await sessions.getByText("Left", { exact: true }).first().waitFor();
  t.match(await sessions.innerText(), /\d+\.\d\d kWh/);
  const link = await sessions.getByRole("link", { name: "All as CSV" }).getAttribute("href");
  const table = await (await fetch(`${demo.url}${link ?? ""}`)).text();
  t.match(table, /^number,session_id,charge_point,.*\r\n\d+,left-/);
  await words.fill("plug left");
  await words.press("Enter");
  await pointNamed(page, "Left").getByText("Charging", { exact: true }).waitFor();
});

t.test("shows a limit from outside with its owner, and removes it on a second press", async t => {
  const page = await visit(t);
  const card = page.getByRole("region", { name: "Limits from outside" });
  await card.getByText("Nobody has set one.").waitFor();
  const response = await fetch(`${demo.url}/api/v1/limits/dim-1`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ owner: "ems", maxW: 14_200, expiresInS: 900 }),
  });
  t.equal(response.status, 200);
  await card.getByText("14.2 kW for all charge points together").waitFor();
  t.match(await card.innerText(), /ems \(dim-1\), 1\d min left/);
  t.match(await card.innerText(), /From the grid now\s+\d/);
  await card.getByRole("button", { name: "Remove limit dim-1 of ems" }).click();
  await card.getByRole("button", { name: "Keep" }).click();
  await card.getByRole("button", { name: "Remove limit dim-1 of ems" }).click();
  await card.getByRole("button", { name: "Remove it for ems" }).click();
  await card.getByText("Nobody has set one.").waitFor();
});

t.test("fits a phone without scrolling sideways, with buttons a thumb can hit", async t => {
  const page = await visit(t, { viewport: PHONE });
  await page.getByRole("img", { name: /^Charge points/ }).waitFor();
  t.equal(await page.evaluate("document.documentElement.scrollWidth"), PHONE.width);
  t.strictSame(await page.evaluate(OUTSIDE_ITS_CARD), []);
  const box = await modeButton(page, "Right", "Normal").boundingBox();
  t.ok(box !== null && box.height >= 44 && box.width >= 44, "44 px, WCAG 2.2 2.5.5");
});

for (const colorScheme of ["light", "dark"] as const) {
  t.test(`every text can be read in ${colorScheme} colours`, async t => {
    const page = await visit(t, { colorScheme });
    await page.getByText("Boards and meters").waitFor();
    t.strictSame(await page.evaluate<readonly Faint[]>(FIND_FAINT_TEXT), []);
  });
}

t.test("a gateway that falls silent without closing is noticed, and believed again when it speaks", async t => {
  const page = await visit(t);
  demo.site().signal("SIGSTOP");
  t.teardown(() => demo.site().signal("SIGCONT"));
  await page.getByRole("alert").getByText("Connection to the gateway lost").waitFor();
  await page.getByText(/^Values are \d+ s old/).waitFor();
  t.ok(await modeButton(page, "Left", "Normal").isDisabled());
  t.strictSame(await page.evaluate<readonly Faint[]>(FIND_FAINT_TEXT), [], "what was last known can be read");
  demo.site().signal("SIGCONT");
  await page.getByText("Live", { exact: true }).waitFor();
  t.equal(await page.getByText("Connection to the gateway lost").count(), 0);
});

t.test("a gateway that died is told, and the page comes back by itself with it", async t => {
  const page = await visit(t);
  demo.site().signal("SIGKILL");
  await page.getByRole("alert").getByText("Connection to the gateway lost").waitFor();
  await demo.restart();
  await page.getByText("Live", { exact: true }).waitFor();
  t.equal(await page.getByText("Connection to the gateway lost").count(), 0);
});

t.test("all scripts of the page together stay below 60 kB compressed", async t => {
  const assets = join(import.meta.dirname, "../../services/api/web/dist/assets");
  const scripts = readdirSync(assets).filter(name => name.endsWith(".js"));
  t.not(scripts.length, 0);
  const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0);
  t.ok(bytes < 60_000, `${bytes} bytes`);
});
