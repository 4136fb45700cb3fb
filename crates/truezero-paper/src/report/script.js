"use strict";

// The theme: the system's until the button is pressed.
{
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const tell = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    tell();
  });
  system.addEventListener("change", tell);
  tell();
}

// Plots. A legend's buttons switch series on and off; a plot always shows one at least.
for (const figure of document.querySelectorAll("figure.plot")) {
  const specification = figure.querySelector("script");
  if (!specification) continue;
  const options = { actions: false, renderer: "svg", tooltip: { disableDefaultStyle: true } };
  vegaEmbed(figure.querySelector(".view > div"), JSON.parse(specification.textContent), options)
    .then(({ view }) => {
      const buttons = [...figure.querySelectorAll(".legend button")];
      const isOn = (button) => button.getAttribute("aria-pressed") === "true";
      for (const button of buttons) {
        button.addEventListener("click", () => {
          const others = buttons.filter((other) => other !== button && isOn(other));
          if (isOn(button) && others.length === 0) return;
          button.setAttribute("aria-pressed", String(!isOn(button)));
          view.signal("shown", buttons.filter(isOn).map((shown) => Number(shown.dataset.series)));
          view.runAsync();
        });
      }
    })
    .catch((error) => {
      figure.querySelector(".view").textContent = `This plot could not be drawn: ${error.message}`;
    });
}

// The active path: a unit under the pointer shows only what it gives and what it gets.
for (const picture of document.querySelectorAll("svg.path")) {
  const traced = () => picture.querySelectorAll(".traced");
  const trace = (unit) => {
    for (const part of traced()) part.classList.remove("traced");
    picture.classList.toggle("tracing", Boolean(unit));
    if (!unit) return;
    unit.classList.add("traced");
    for (const edge of picture.querySelectorAll(`[data-from="${unit.dataset.unit}"], [data-to="${unit.dataset.unit}"]`)) {
      edge.classList.add("traced");
    }
  };
  picture.addEventListener("pointerover", (event) => trace(event.target.closest("[data-unit]")));
  picture.addEventListener("pointerleave", () => trace(null));
}
