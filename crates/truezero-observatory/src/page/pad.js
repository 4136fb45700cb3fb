// The pad: strokes become 28 × 28 pixels, scaled into 20 × 20 and centred by mass, as the digits that
// networks learn from are.

import { find } from "./dom.js";

const SIDE = 28;
const SCALE = 10;
const BOX = 20;
const STROKE = 2.2 * SCALE;
const MOST_ENLARGED = 2;

export class Pad {
  #canvas = find("pad");
  #ink = this.#canvas.getContext("2d", { willReadFrequently: true });
  #seen = find("seen").getContext("2d");
  #small = new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true });
  #last = null;
  #planned = false;

  /** `drawn` is called with the pixels after each change by hand, `cleared` when nothing is left. */
  constructor(drawn, cleared) {
    this.drawn = drawn;
    this.#canvas.addEventListener("pointerdown", (event) => {
      this.#canvas.setPointerCapture(event.pointerId);
      this.#last = this.#place(event);
      this.#line(this.#last);
    });
    this.#canvas.addEventListener("pointermove", (event) => {
      if (!this.#last) return;
      const all = event.getCoalescedEvents?.() ?? [];
      for (const each of all.length ? all : [event]) this.#line(this.#place(each));
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.#canvas.addEventListener(end, () => { this.#last = null; });
    }
    find("clear").addEventListener("click", () => {
      this.#wipe();
      this.#shown(new Array(SIDE * SIDE).fill(0));
      cleared();
    });
  }

  /** Puts an example on the pad, as it is. */
  put(pixels) {
    this.#wipe();
    const image = picture(pixels);
    this.#ink.imageSmoothingEnabled = false;
    this.#ink.drawImage(image, 0, 0, SIDE * SCALE, SIDE * SCALE);
    this.#shown(pixels);
  }

  #wipe() {
    this.#ink.clearRect(0, 0, SIDE * SCALE, SIDE * SCALE);
  }

  #place(event) {
    const box = this.#canvas.getBoundingClientRect();
    const scale = (SIDE * SCALE) / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  #line(to) {
    const ink = this.#ink;
    ink.strokeStyle = "#fff";
    ink.lineWidth = STROKE;
    ink.lineCap = ink.lineJoin = "round";
    ink.beginPath();
    ink.moveTo(...this.#last);
    ink.lineTo(...to);
    ink.stroke();
    this.#last = to;
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      const pixels = this.#fit();
      this.#shown(pixels);
      this.drawn(pixels);
    });
  }

  #shown(pixels) {
    this.#seen.clearRect(0, 0, SIDE, SIDE);
    this.#seen.drawImage(picture(pixels), 0, 0);
  }

  #fit() {
    const size = SIDE * SCALE;
    const box = bounds(this.#ink.getImageData(0, 0, size, size).data, size);
    if (!box) return new Array(SIDE * SIDE).fill(0);
    const [left, top, width, height] = box;
    const scale = Math.min(BOX / Math.max(width, height), MOST_ENLARGED / SCALE);
    const put = (x, y) => {
      this.#small.clearRect(0, 0, SIDE, SIDE);
      this.#small.imageSmoothingQuality = "high";
      this.#small.drawImage(this.#canvas, left, top, width, height, x, y, width * scale, height * scale);
      return this.#small.getImageData(0, 0, SIDE, SIDE).data;
    };
    const corner = [(SIDE - width * scale) / 2, (SIDE - height * scale) / 2];
    const [x, y] = middle(put(...corner));
    const data = put(corner[0] + (SIDE - 1) / 2 - x, corner[1] + (SIDE - 1) / 2 - y);
    return Array.from({ length: SIDE * SIDE }, (_, at) => data[4 * at + 3]);
  }
}

/** Left, top, width and height of what is not transparent. */
function bounds(data, size) {
  let [left, top, right, bottom] = [size, size, -1, -1];
  for (let at = 0; at < size * size; at += 1) {
    if (data[4 * at + 3] === 0) continue;
    const [x, y] = [at % size, Math.floor(at / size)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return right < 0 ? null : [left, top, right - left + 1, bottom - top + 1];
}

/** The centre of mass of 28 × 28 pixels. */
function middle(data) {
  let [mass, x, y] = [0, 0, 0];
  for (let at = 0; at < SIDE * SIDE; at += 1) {
    const ink = data[4 * at + 3];
    mass += ink;
    x += ink * (at % SIDE);
    y += ink * Math.floor(at / SIDE);
  }
  return mass === 0 ? [(SIDE - 1) / 2, (SIDE - 1) / 2] : [x / mass, y / mass];
}

/** 28 × 28 pixels, 0 to 255, as a picture: white where there is ink. */
export function picture(pixels) {
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const image = new ImageData(SIDE, SIDE);
  pixels.forEach((ink, at) => image.data.set([255, 255, 255, ink], 4 * at));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
