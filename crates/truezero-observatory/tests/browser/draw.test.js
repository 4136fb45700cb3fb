import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browser, close, command, open, seen } from "./start.js";

let chromium, observatory;
before(async () => {
  [chromium, observatory] = await Promise.all([browser(), command("observe", "--addr", "127.0.0.1:0", "--no-open")]);
});
after(async () => {
  await chromium?.close();
  await observatory?.end();
});

const winner = (page) => page.locator("#prediction .winner > :first-child").textContent();
const counts = (page) => page.locator(".layer .count").allTextContents();

/** Draws a line through points given as parts of the pad. */
async function stroke(page, points) {
  const pad = await page.locator("#pad").boundingBox();
  const place = ([x, y]) => [pad.x + x * pad.width, pad.y + y * pad.height];
  await page.mouse.move(...place(points[0]));
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...place(point), { steps: 4 });
  await page.mouse.up();
}

const ring = Array.from({ length: 25 }, (_, at) => {
  const angle = (2 * Math.PI * at) / 24 - Math.PI / 2;
  return [0.5 + 0.2 * Math.cos(angle), 0.5 + 0.3 * Math.sin(angle)];
});

test("drawing changes the prediction and the units", async () => {
  const page = await open(chromium, observatory.address);
  await seen(page);
  assert.equal(await winner(page), "7", "the example shown at first");
  const example = await counts(page);
  await page.locator("#clear").click();
  await stroke(page, ring);
  await page.waitForFunction(() => document.querySelector("#prediction .winner")?.firstChild.textContent === "0");
  assert.notDeepEqual(await counts(page), example);
  await page.locator("#clear").click();
  await stroke(page, [[0.5, 0.15], [0.5, 0.85]]);
  await page.waitForFunction(() => document.querySelector("#prediction .winner")?.firstChild.textContent === "1");
  assert.match(await page.locator("#path svg").getAttribute("aria-label"), /^Paths to 1: through \d+/);
  // What a screen reader is told, once drawing has come to rest.
  await page.waitForFunction(() => /^Looks like 1, to (> )?[\d.]+ %\. [\d.]+ % of the units are active\.$/.test(document.getElementById("announcer").textContent));
  await close(page);
});

test("touch draws, too", async () => {
  const page = await open(chromium, observatory.address, { hasTouch: true, viewport: { width: 400, height: 800 } });
  await seen(page);
  const before = await counts(page);
  await page.locator("#clear").click();
  await page.locator("#pad").tap({ position: { x: 60, y: 60 } });
  await page.waitForFunction((before) => [...document.querySelectorAll(".layer .count")].some((count, at) => count.textContent !== before[at]), before);
  await close(page);
});

test("the keyboard alone picks an example, walks through units and reads their weights", async () => {
  const page = await open(chromium, observatory.address);
  await seen(page);
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
  for (let step = 0; (await focused()) !== "A handwritten 3"; step += 1) {
    assert.ok(step < 40, "an example can be reached");
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#prediction .winner")?.firstChild.textContent === "3");
  assert.equal(await page.locator("#examples [aria-pressed=true]").getAttribute("aria-label"), "A handwritten 3");

  for (let step = 0; (await focused()) !== "Units of hidden layer 1"; step += 1) {
    assert.ok(step < 20, "the units can be reached");
    await page.keyboard.press("Tab");
  }
  for (const key of ["End", "ArrowLeft"]) await page.keyboard.press(key);
  const slider = page.getByRole("slider", { name: "Units of hidden layer 1" });
  assert.equal(await slider.getAttribute("aria-valuenow"), "199");
  assert.match(await slider.getAttribute("aria-valuetext"), /^unit 199, (exactly zero|activation [\d.]+)$/);
  await page.waitForSelector("#unit-image:not([hidden])");
  assert.equal(await page.locator("#unit-title").textContent(), "Unit 199 of layer 1");
  assert.match(await page.locator("#unit-weights").textContent(), /row \d+, column \d+[+−]/);
  await close(page);
});

test("pointing at a cell shows the unit that is there, dark where it is zero", async () => {
  const page = await open(chromium, observatory.address);
  await seen(page);
  const canvas = page.locator(".layer canvas").nth(1);
  const pixel = (x, y) => canvas.evaluate((canvas, [x, y]) => {
    const scale = canvas.width / canvas.clientWidth;
    const copy = new OffscreenCanvas(1, 1).getContext("2d");
    copy.drawImage(canvas, -Math.floor(x * scale), -Math.floor(y * scale));
    return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }, [x, y]);
  const kinds = new Set();
  for (let unit = 0; unit < 40; unit += 1) {
    const [x, y] = [unit * 16 + 8, 8];
    await canvas.hover({ position: { x, y } });
    assert.equal(await page.locator("#unit-title").textContent(), `Unit ${unit + 1} of layer 2`);
    const zero = (await page.locator("#unit-value").textContent()) === "exactly zero";
    const dark = (await pixel(x, y)).every((part) => part < 60);
    assert.equal(dark, zero, `unit ${unit + 1}`);
    kinds.add(zero);
  }
  assert.equal(kinds.size, 2, "some are zero and some are not");
  await close(page);
});

test("four networks look at the same drawing", async () => {
  const page = await open(chromium, observatory.address);
  await page.waitForFunction(() => document.querySelectorAll(".card").length === 4);
  await page.getByRole("button", { name: "A handwritten 0" }).click();
  await page.waitForFunction(() => [...document.querySelectorAll(".card .answer strong")].filter((answer) => answer.textContent === "0").length >= 3);
  const said = (network) => page.locator(`.card[data-network=${network}] .muted`).textContent();
  assert.match(await said("rectifier"), /^[\d.]+ % of the units are active, the others exactly zero\.$/);
  for (const network of ["softplus", "tanh", "logistic"]) assert.match(await said(network), /^No unit is zero; mean activation −?[\d.]+\.$/);
  await page.locator("#network").selectOption("logistic");
  await page.waitForFunction(() => document.querySelector(".layer .count").textContent.includes("200 of 200 active (100 %)"));
  await close(page);
});
