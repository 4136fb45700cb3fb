// Making elements, and words for numbers.

export const find = (id) => document.getElementById(id);

/** An element with properties and children. */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** An element of a drawing. */
export function shape(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A share as a person says it. */
export function percent(share) {
  const value = 100 * share;
  // Neither certain nor impossible unless it is.
  if (value > 0 && value < 0.05) return "< 0.1 %";
  if (value < 100 && value >= 99.95) return "> 99.9 %";
  const fine = (value > 0 && value < 10) || (value > 99 && value < 100);
  return `${value.toFixed(fine ? 1 : 0)} %`;
}

/** A number with three digits that count. */
export function digits(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4) return value.toExponential(1).replace("e-", "e−").replace("-", "−");
  return String(Number(value.toPrecision(3))).replace("-", "−");
}

let waiting;

/** Tells screen readers, once things have come to rest. */
export function announce(text) {
  clearTimeout(waiting);
  waiting = setTimeout(() => { find("announcer").textContent = text; }, 700);
}

/** Shows what went wrong, or that nothing does any more. */
export function problem(text = "") {
  const place = find("problem");
  if (place.textContent !== text) place.textContent = text;
  place.hidden = text === "";
}
