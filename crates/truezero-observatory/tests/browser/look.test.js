import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { AXE, browser, close, command, open, seen } from "./start.js";

const SIZES = [{ width: 400, height: 800 }, { width: 1280, height: 900 }];
const PARTS = ["h1", "#draw", "#network", "#pad", "#examples", "#prediction", "#layers", "#unit", "#share svg", "#path svg", "#cards", "#train-form", "#steer", "#charts", "footer"];
/** Neighbours that must not lie over each other. */
const APART = ["#draw", "#units", "#paths", "#compare", "#train", "footer", ".masthead"];

let chromium, observatory;
before(async () => {
  [chromium, observatory] = await Promise.all([browser(), command("observe", "--addr", "127.0.0.1:0", "--no-open")]);
});
after(async () => {
  await chromium?.close();
  await observatory?.end();
});

/** A page with everything on it. */
async function full(options) {
  const page = await open(chromium, observatory.address, options);
  await seen(page);
  await page.waitForFunction(() => document.querySelectorAll(".card .answer").length === 4);
  if (await page.locator("#charts figure").count() === 0) {
    await page.locator("#train-hidden").selectOption("100,100");
    await page.locator("#train-start").click();
  }
  await page.waitForFunction(() => document.querySelectorAll("#charts polyline").length > 5);
  if (await page.locator("#train-stop").isEnabled()) await page.locator("#train-stop").click();
  await page.waitForFunction(() => document.getElementById("train-status").textContent.endsWith("stopped"));
  await page.locator(".layer canvas").first().focus();
  await page.waitForSelector("#unit-image:not([hidden])");
  return page;
}

const boxes = (page, selectors) => page.evaluate((selectors) => Object.fromEntries(selectors.map((selector) => {
  const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
  return [selector, { x, y, width, height }];
})), selectors);

for (const viewport of SIZES) {
  test(`everything has its place at ${viewport.width} pixels`, async () => {
    const page = await full({ viewport });
    await page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
    const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
    assert.equal(scroll, client, "nothing is wider than the window");
    for (const [part, { x, width, height }] of Object.entries(await boxes(page, PARTS))) {
      assert.ok(width > 40 && height > 15, `${part} is ${width} × ${height}`);
      assert.ok(x >= 0 && x + width <= viewport.width + 0.5, `${part} lies within the window: ${x} + ${width}`);
    }
    const apart = Object.entries(await boxes(page, APART));
    apart.forEach(([one, a], at) => apart.slice(at + 1).forEach(([other, b]) => {
      const over = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 1 && Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 1;
      assert.ok(!over, `${one} lies over ${other}`);
    }));
    const [pad, units] = Object.values(await boxes(page, ["#draw", "#units"]));
    if (viewport.width > 900) assert.ok(units.x > pad.x + pad.width - 1 && pad.y < units.y + 50, "side by side");
    else assert.ok(units.y >= pad.y + pad.height - 1, "one below the other");
    // Text in drawings neither leaves them nor lies over other text.
    const crowded = await page.evaluate(() => [...document.querySelectorAll("svg")].flatMap((svg) => {
      const frame = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
      const out = texts.filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1).map(([text]) => `${text} leaves its drawing`);
      const over = texts.flatMap(([text, a], at) => texts.slice(at + 1).filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3).map(([other]) => `${text} lies over ${other}`));
      return [...out, ...over];
    }));
    assert.deepEqual(crowded, []);
    await close(page);
  });
}

for (const colorScheme of ["light", "dark"]) {
  for (const viewport of SIZES) {
    test(`axe-core has nothing serious to say of the ${colorScheme} page at ${viewport.width} pixels`, async () => {
      const page = await full({ viewport, colorScheme, bypassCSP: true });
      await page.addScriptTag({ path: AXE });
      const { violations, passes } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
      assert.ok(passes.length > 20, "axe-core looked");
      const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.join(" "))]), []);
      await close(page);
    });
  }
}

test("who wants less motion gets none", async () => {
  const page = await open(chromium, observatory.address, { reducedMotion: "reduce" });
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((element) => {
    const style = getComputedStyle(element);
    return style.scrollBehavior === "smooth" || style.transitionDuration !== "0s" || style.animationName !== "none";
  }).length);
  assert.equal(moving, 0);
  await close(page);
});
