"use strict";

/* How a signal of MNIST-1D is made, stage by stage. */

moving.register("signals", (stage, { names, examples }) => {
  const { html, svg } = moving;
  let digit = 0, which = 0;
  const again = html("button", { type: "button", onclick: () => { which = (which + 1) % examples[digit].length; steps.go(steps.at()); } }, "Another one");
  const choice = moving.choice("Class", examples.map((_, i) => `${i}`), (i) => { digit = i; steps.go(steps.at()); });
  choice.element.append(again);
  const controls = html("div");
  const full = stage.clientWidth < 480 ? 330 : 560; // narrower on a phone, so that dots and lines stay large
  const picture = svg("svg", { viewBox: `0 0 ${full} 220`, role: "img", "aria-label": "A curve, from its template of twelve points to a noisy signal of forty" });
  const says = moving.says();
  stage.append(choice.element, controls, picture, says);

  const path = (values, x, y) => values.map((v, i) => `${i ? "L" : "M"}${x(i / (values.length - 1)).toFixed(1)} ${y(v).toFixed(1)}`).join("");
  const draw = (at) => {
    const stages = examples[digit][which];
    const all = stages.flat();
    const low = Math.min(...all), high = Math.max(...all);
    const width = at === 0 ? 90 : full - 30;
    const x = (part) => 15 + part * width, y = (v) => 205 - ((v - low) / (high - low)) * 190;
    picture.replaceChildren(svg("line", { x1: 15, x2: full - 15, y1: y(0), y2: y(0), stroke: "var(--color-foreground-muted)", "stroke-dasharray": "2 4" }));
    if (at > 0) {
      const before = stages[at - 1], narrow = at === 1 ? (part) => 15 + part * 90 : x;
      picture.append(svg("path", { d: path(before, narrow, y), fill: "none", stroke: "var(--color-foreground-muted)", "stroke-width": 1.6 }));
    }
    picture.append(svg("path", { d: path(stages[at], x, y), fill: "none", stroke: "var(--color-value)", "stroke-width": 2.2 }));
    stages[at].forEach((v, i) => picture.append(svg("circle", { cx: x(i / (stages[at].length - 1)), cy: y(v), r: 2.6, fill: "var(--color-value)" })));
    says.textContent = names[at] + (at > 0 ? " Gray: the stage before." : "");
  };
  const steps = moving.stepper(controls, names.length - 1, draw, "stage");
  steps.go(0);
});
