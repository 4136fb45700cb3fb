// Starts the command and a browser for a test, and ends them. Anything the page complains of fails the test.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

// The packages lie below target/, not beside this file.
const require = createRequire(join(process.env.TEST_PACKAGES, "package.json"));
const { chromium } = require("playwright-core");
export const AXE = require.resolve("axe-core/axe.min.js");

/** Longer than anything takes, even on a slow machine. */
export const PATIENCE = 120_000;

/** The command, in a folder of its own, and the address of its page once it has said it. */
export async function command(...args) {
  return start(mkdtempSync(join(tmpdir(), "observatory-")), args);
}

/** `serve` with small models that are trained first: two on digits, one of them linear, and one on a table. */
export async function serve(environment) {
  const folder = mkdtempSync(join(tmpdir(), "observatory-"));
  const rows = Array.from({ length: 60 }, (_, at) => `${(at % 3) + at / 100},${["red", "blue", "green"][at % 3]},${"abc"[at % 3]}`);
  writeFileSync(join(folder, "table.csv"), ["size,colour,kind", ...rows].join("\n"));
  const train = (...args) => execFileSync(process.env.TRUEZERO, ["train", "--quiet", ...args], { cwd: folder });
  train("--hidden", "50,50", "--epochs", "2", "--out", "digits.safetensors");
  train("--hidden", "none", "--epochs", "2", "--out", "linear.safetensors");
  train("table.csv", "--target", "kind", "--hidden", "50,50", "--epochs", "20", "--out", "table.safetensors");
  return start(folder, ["serve", "digits.safetensors", "linear.safetensors", "table.safetensors", "--addr", "127.0.0.1:0"], environment);
}

async function start(folder, args, environment = {}) {
  const env = { ...process.env, ...environment };
  const child = spawn(process.env.TRUEZERO, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const said = [];
  const address = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said.push(line);
        const found = line.match(/http:\S+/);
        if (found) resolve(found[0]);
      });
    }
    ended.then((code) => reject(new Error(`${args.join(" ")} ended with ${code}: ${said.join("\n")}`)));
  });
  return {
    address,
    said,
    ended,
    async end() {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

/** A page at an address, loaded, and with something to be seen on it. */
export async function open(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith("data:")) page.complaints.push(`fetched ${request.url()}`);
  });
  await page.goto(address);
  return page;
}

/** Waits until the page shows what a network made of something. */
export async function seen(page) {
  await page.waitForSelector("#prediction li");
  await page.waitForSelector("#share svg");
}

/** Ends a page that must have had nothing to complain of. */
export async function close(page) {
  const { complaints } = page;
  await page.context().close();
  assert.deepEqual(complaints, []);
}
