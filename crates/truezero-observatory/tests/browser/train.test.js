import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { PATIENCE, browser, close, command, open } from "./start.js";

let chromium;
before(async () => { chromium = await browser(); });
after(async () => { await chromium?.close(); });

/** Waits until a chart has been drawn of more epochs, and gives the share of zeros it tells, in percent. */
async function zeros(page, epochs) {
  await page.waitForFunction((epochs) => {
    const line = document.querySelectorAll("#charts figure")[2]?.querySelector("polyline");
    return line && line.getAttribute("points").split(" ").length >= epochs;
  }, epochs);
  const now = await page.locator("#charts figure").nth(2).locator(".now").textContent();
  return Number(now.split(" %")[0]);
}

test("moving λ changes the sparsity of a training that runs", async () => {
  const observatory = await command("observe", "--addr", "127.0.0.1:0", "--no-open");
  try {
    const page = await open(chromium, observatory.address);
    await page.locator("#train-hidden").selectOption("100,100");
    await page.locator("#l1").fill("0");
    await page.locator("#train-start").click();
    const free = await zeros(page, 3);
    await page.locator("#l1").fill("41"); // 0.01
    assert.equal(await page.locator("#l1-text").textContent(), "0.01");
    assert.equal(await page.locator("#l1").getAttribute("aria-valuetext"), "0.01");
    const drawn = await page.evaluate(() => document.querySelectorAll("#charts figure")[2].querySelector("polyline").getAttribute("points").split(" ").length);
    const pressed = await zeros(page, drawn + 8);
    assert.ok(pressed > free + 10, `${free} % zeros became ${pressed} %`);

    await page.locator("#target").fill("95");
    assert.ok(await page.locator("#way-target").isChecked());
    await page.waitForFunction(() => document.querySelector("#charts figure:nth-child(3) .mark"), "the target is marked");

    // What is trained can be looked at, and changes under one's eyes.
    await page.locator("#network").selectOption("live");
    await page.waitForFunction(() => document.querySelector(".layer .count")?.textContent.includes("of 100 active"));
    await page.locator("#train-stop").click();
    await page.waitForFunction(() => document.getElementById("train-status").textContent.endsWith("stopped"));
    await page.waitForFunction(() => document.getElementById("announcer").textContent.length > 0);
    assert.ok(await page.locator("#train-start").isEnabled());
    for (const chart of await page.locator("#charts figure svg").all()) {
      assert.match(await chart.getAttribute("aria-label"), /: .*from .* to /);
    }

    // A page that is opened later shows it all.
    const late = await open(chromium, observatory.address);
    await late.waitForFunction(() => document.getElementById("train-status").textContent.endsWith("stopped"));
    assert.equal(await late.locator("#charts figure").count(), 6);
    await close(late);
    await close(page);
  } finally {
    await observatory.end();
  }
});

test("the page of `train --observe` shows that training, steers it and stops it", async () => {
  const training = await command("train", "--observe", "127.0.0.1:0", "--hidden", "100,100", "--epochs", "5000", "--patience", "0");
  try {
    const page = await open(chromium, training.address);
    await zeros(page, 2);
    assert.ok(await page.locator("#train-form").isHidden(), "it is started elsewhere");
    await page.locator("#l1").fill("45");
    await page.waitForFunction(() => document.getElementById("train-status").textContent.includes("λ 0.025"));
    const [request] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === "DELETE"),
      page.evaluate(() => fetch("observatory/training", { method: "DELETE" })),
    ]);
    assert.equal(request.status(), 202);
    const code = await Promise.race([training.ended, new Promise((resolve) => { setTimeout(resolve, PATIENCE, "late").unref(); })]);
    assert.equal(code, 130, training.said.join("\n")); // a training that was stopped, whoever stopped it
    await page.waitForSelector("#problem:not([hidden])");
    assert.match(await page.locator("#train-status").textContent(), /stopped$/);
    await page.context().close(); // the browser itself complains of the server that is gone
  } finally {
    await training.end();
  }
});
