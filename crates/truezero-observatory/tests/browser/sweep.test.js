// Not of the observatory, but a page as well: that of `truezero sweep report --html`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { AXE, browser, close, open } from "./start.js";

const SWEEP = `method = "random"
trials = 8
[train]
data = "digits5k"
epochs = 1
[vary]
hidden = [[10], [10, 10]]
learning-rate = { low = 0.01, high = 0.5, scale = "log" }
batch-size = [20, 40]
`;

let chromium, folder, address;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sweep-"));
  writeFileSync(join(folder, "sweep.toml"), SWEEP);
  const truezero = (...args) => execFileSync(process.env.TRUEZERO, ["sweep", ...args], { cwd: folder, stdio: "ignore" });
  truezero("sweep.toml");
  truezero("report", "sweep.sqlite", "--html", "sweep.html");
  address = `file://${join(folder, "sweep.html")}`;
  chromium = await browser();
});
after(async () => {
  await chromium?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("each training is a line and a row, and an axis chooses among them", async () => {
  const page = await open(chromium, address);
  assert.match(await page.locator("#summary").textContent(), /^8 trainings, 8 done; the best is trial/);
  assert.equal(await page.locator("#plot path").count(), 8);
  assert.equal(await page.locator("tbody tr").count(), 8);
  const names = await page.locator("#plot .name").allTextContents();
  assert.deepEqual(names, ["batch-size", "hidden", "learning-rate", "zeros", "validation error"]);
  // The upper half of the first axis: only mini-batches of 40 stay.
  const { x, y, width, height } = await page.locator("#plot .grab").first().boundingBox();
  await page.mouse.move(x + width / 2, y + 1);
  await page.mouse.down();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.up();
  assert.equal(await page.locator("#plot path.out").count(), 4);
  await page.locator("#plot .name").first().click();
  assert.equal(await page.locator("#plot path.out").count(), 0);
  await page.locator("tbody tr").first().focus();
  assert.equal(await page.locator("#plot path.front").count(), 1);
  await close(page);
});

for (const colorScheme of ["light", "dark"]) {
  test(`it is usable by all at 400 pixels in the ${colorScheme}`, async () => {
    const page = await open(chromium, address, { colorScheme, viewport: { width: 400, height: 800 } });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, "nothing is wider than the window");
    await page.addScriptTag({ path: AXE });
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
    assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), []);
    await close(page);
  });
}
