import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browser, close, open, seen, serve } from "./start.js";

const TOKEN = "open-sesame";

let chromium, server;
before(async () => {
  [chromium, server] = await Promise.all([browser(), serve({ TRUEZERO_TOKEN: TOKEN })]);
});
after(async () => {
  await chromium?.close();
  await server?.end();
});

test("a server shows its model to who has the token", async () => {
  const page = await open(chromium, server.address, { httpCredentials: { username: "anyone", password: TOKEN } });
  await seen(page);
  assert.equal(await page.locator("#network option:checked").textContent(), "digits");
  assert.deepEqual(await page.locator(".layer .count").count(), 2);
  // Nothing is trained unless someone wants it.
  assert.equal(await page.locator(".card").count(), 0);
  await page.locator("#prepare-start").click();
  await page.waitForFunction(() => document.querySelectorAll(".card .answer").length === 4);
  assert.ok(await page.locator("#prepare").isHidden());
  await close(page);
});

test("and to nobody else", async () => {
  const page = await chromium.newPage({ httpCredentials: { username: "anyone", password: "open-sesam" } });
  const answer = await page.goto(server.address);
  assert.equal(answer.status(), 401);
  assert.equal(await page.locator("#pad").count(), 0);
  await page.close();
});

test("a linear model, which has no hidden units, is looked at, too", async () => {
  const page = await open(chromium, server.address, { httpCredentials: { username: "anyone", password: TOKEN } });
  await seen(page);
  await page.locator("#network").selectOption({ label: "linear" });
  await page.waitForFunction(() => document.querySelectorAll("#prediction li").length === 10);
  assert.ok(await page.locator("#units").isHidden());
  await page.waitForFunction(() => /^Looks like \d, to [> \d.]+ %\.$/.test(document.getElementById("announcer").textContent));
  await close(page);
});

test("of a network that takes no drawing, one row of its table is asked for", async () => {
  const page = await open(chromium, server.address, { httpCredentials: { username: "anyone", password: TOKEN } });
  await seen(page);
  await page.locator("#network").selectOption({ label: "table" });
  assert.ok(await page.locator("#pad").isHidden());
  assert.ok(await page.locator("#no-drawing").isVisible());
  assert.deepEqual(JSON.parse(await page.locator("#record").inputValue()), { size: null, colour: null });
  await page.locator("#record").fill('{"size": 1.2, "colour": "blue"}');
  await page.locator("#record-area button").click();
  await page.waitForFunction(() => document.querySelector("#prediction .winner")?.firstChild.textContent === "b");
  await page.locator(".layer canvas").first().focus();
  await page.waitForFunction(() => /colour=blue[+−]/.test(document.getElementById("unit-weights").textContent));
  assert.ok(await page.locator("#unit-image").isHidden());

  await page.locator("#record").fill('{"size": "wide", "colour": "blue"}');
  await page.locator("#record-area button").click();
  await page.waitForSelector("#problem:not([hidden])");
  assert.match(await page.locator("#problem").textContent(), /column "size"/);
  await page.locator("#network").selectOption({ label: "digits" });
  await page.waitForFunction(() => document.querySelectorAll("#prediction li").length === 10);
  assert.ok(await page.locator("#pad").isVisible());
  // The browser itself tells of the answer.
  page.complaints = page.complaints.filter((complaint) => !/status of 4(00|22)/.test(complaint));
  await close(page);
});
