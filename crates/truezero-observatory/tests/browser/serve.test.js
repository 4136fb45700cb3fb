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
