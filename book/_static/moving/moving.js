"use strict";

/* Figures that move: what they share. A figure is a function of (stage, data), registered by the kind its page names.
   Nothing moves by itself; everything is reached by keyboard, and what changes is also said in words. */

const moving = { kinds: {} };

moving.register = (kind, draw) => { moving.kinds[kind] = draw; };

moving.make = (namespace) => (tag, attributes = {}, ...children) => {
  const made = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat());
  return made;
};
moving.html = moving.make(null);
moving.svg = moving.make("http://www.w3.org/2000/svg");

/* Buttons and a slider over the steps 0 to last; `show` draws one. */
moving.stepper = (stage, last, show, what = "step") => {
  const { html } = moving;
  let at = 0;
  const back = html("button", { type: "button", onclick: () => go(at - 1) }, "Back");
  const next = html("button", { type: "button", onclick: () => go(at + 1) }, "Next");
  const slider = html("input", { type: "range", min: 0, max: last, value: 0, "aria-label": what, oninput: () => go(+slider.value) });
  const count = html("span", { class: "count" });
  const go = (to) => {
    at = Math.max(0, Math.min(last, to));
    slider.value = at;
    slider.setAttribute("aria-valuetext", `${what} ${at} of ${last}`);
    count.textContent = `${what} ${at} of ${last}`;
    back.disabled = at === 0;
    next.disabled = at === last;
    show(at);
  };
  stage.append(html("div", { class: "controls" }, back, next, slider, count));
  window.addEventListener("beforeprint", () => go(last)); // paper shows the end
  return { go, at: () => at };
};

/* A row of buttons of which one is pressed. */
moving.choice = (label, options, chosen) => {
  const { html } = moving;
  const buttons = options.map((option, i) => html("button", { type: "button", onclick: () => press(i) }, option));
  const press = (i) => {
    buttons.forEach((button, j) => button.setAttribute("aria-pressed", i === j));
    chosen(i);
  };
  buttons.forEach((button, j) => button.setAttribute("aria-pressed", j === 0));
  return { element: html("div", { class: "controls", role: "group", "aria-label": label }, ...buttons), press };
};

/* A sentence that screen readers hear when it changes. */
moving.says = () => moving.html("p", { class: "says", "aria-live": "polite" });

moving.number = (x, digits = 3) => {
  const text = Number(x).toFixed(digits).replace(/\.?0+$/, "");
  return (text === "-0" || text === "" ? "0" : text).replace("-", "\u2212");
};

/* A table of numbers as an SVG group. look(i, j) may give {fill, color, weight, text}. */
moving.numbers = (rows, { x = 0, y = 0, cell = 30, height = cell, size = 13, look = () => ({}) } = {}) => {
  const { svg, number } = moving;
  const group = svg("g", { transform: `translate(${x} ${y})` });
  rows.forEach((row, i) => row.forEach((value, j) => {
    const { fill = "var(--color-background-primary)", color = null, weight = null, text = null, stroke = "var(--color-foreground-border)" } = look(i, j, value);
    group.append(svg("rect", { x: j * cell, y: i * height, width: cell, height, fill, stroke, "stroke-width": 1 }));
    const shown = text === null ? number(value, 2) : text;
    group.append(svg("text", { x: (j + 0.5) * cell, y: (i + 0.5) * height, "text-anchor": "middle", "dominant-baseline": "central", "font-size": size, "font-weight": weight, style: color ? `fill:${color}` : null }, shown));
  }));
  return group;
};

document.addEventListener("DOMContentLoaded", () => {
  for (const figure of document.querySelectorAll(".moving[data-kind]")) {
    const draw = moving.kinds[figure.dataset.kind];
    draw(figure.querySelector(".stage"), JSON.parse(figure.querySelector("script").textContent));
    figure.dataset.ready = "";
  }
});
