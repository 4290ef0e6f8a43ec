"use strict";

/* A training run to scrub through: loss, filters, and what the network says about ten test images. */

moving.register("training", (stage, { states, images, labels }) => {
  const { html, svg, number } = moving;
  const controls = html("div");
  const chart = svg("svg", { viewBox: "0 0 340 205", role: "img", "aria-label": "The loss on the training and on the test set, epoch by epoch" });
  const filters = svg("svg", { viewBox: "0 0 250 124", role: "img", "aria-label": "The eight filters of the first layer: blue pulls down, orange pulls up" });
  const inRow = stage.clientWidth < 480 ? 5 : 10; // a phone has two rows
  const guesses = svg("svg", { viewBox: `0 0 ${62 * inRow} ${(150 * images.length) / inRow}`, role: "img", "aria-label": "Ten test images, each with the probabilities of the ten classes as bars" });
  const says = moving.says();
  stage.append(controls,
    html("div", { class: "side-by-side" },
      html("div", { class: "panel", style: "flex: 3 1 17rem" }, html("h4", {}, "Loss: training solid, test dashed"), chart),
      html("div", { class: "panel", style: "flex: 2 1 12rem; max-width: 22rem" }, html("h4", {}, "The eight filters"), filters)),
    html("div", { class: "panel" }, html("h4", {}, "Ten test images, and how probable each digit seems"), guesses), says);

  const last = states.length - 1;
  const top = Math.max(...states.map((state) => Math.max(state.loss, state.test_loss)));
  const x = (epoch) => 34 + (epoch / last) * 296, y = (loss) => 178 - (loss / top) * 165;
  const line = (key, until) => states.slice(0, until + 1).map((state, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(state[key]).toFixed(1)}`).join("");
  const shade = (w) => {
    const strength = Math.min(1, Math.abs(w) / 0.6) * 100;
    return `color-mix(in srgb, ${w < 0 ? "#2f7dc4" : "#e07020"} ${strength.toFixed(0)}%, var(--color-background-primary))`;
  };
  const picture = (pixels, px, py, size) => {
    const group = svg("g", { transform: `translate(${px} ${py})` });
    const n = Math.sqrt(pixels.length), most = Math.max(...pixels);
    pixels.forEach((v, i) => {
      const gray = Math.round((v / most) * 255);
      group.append(svg("rect", { x: (i % n) * size, y: Math.floor(i / n) * size, width: size, height: size, "shape-rendering": "crispEdges", fill: `rgb(${gray},${gray},${gray})` }));
    });
    return group;
  };

  const draw = (at) => {
    const state = states[at];
    chart.replaceChildren(
      svg("path", { d: `M34 10V178H332`, fill: "none", stroke: "var(--color-foreground-muted)" }),
      svg("text", { x: 28, y: y(0), "text-anchor": "end", "font-size": 11, "dominant-baseline": "central" }, "0"),
      svg("text", { x: 28, y: y(top), "text-anchor": "end", "font-size": 11, "dominant-baseline": "central" }, number(top, 1)),
      svg("text", { x: 183, y: 198, "text-anchor": "middle", "font-size": 11 }, "epoch"),
      svg("text", { x: x(0), y: 193, "text-anchor": "middle", "font-size": 11 }, "0"),
      svg("text", { x: x(last), y: 193, "text-anchor": "middle", "font-size": 11 }, last),
      svg("path", { d: line("loss", last), fill: "none", stroke: "var(--color-foreground-border)", "stroke-width": 1.5 }),
      svg("path", { d: line("test_loss", last), fill: "none", stroke: "var(--color-foreground-border)", "stroke-width": 1.5, "stroke-dasharray": "4 3" }),
      svg("path", { d: line("loss", at), fill: "none", stroke: "var(--color-value)", "stroke-width": 2.2 }),
      svg("path", { d: line("test_loss", at), fill: "none", stroke: "var(--color-value)", "stroke-width": 2.2, "stroke-dasharray": "4 3" }),
      svg("circle", { cx: x(at), cy: y(state.loss), r: 4, fill: "var(--color-value)" }));
    filters.replaceChildren();
    state.filters.forEach((filter, f) => {
      filter.forEach((w, i) => filters.append(svg("rect", {
        x: (f % 4) * 62 + (i % 5) * 11, y: Math.floor(f / 4) * 62 + Math.floor(i / 5) * 11, width: 11, height: 11, fill: shade(w), stroke: "var(--color-background-border)", "stroke-width": 0.5,
      })));
    });
    guesses.replaceChildren();
    let right = 0;
    images.forEach((pixels, k) => {
      const probabilities = state.probabilities[k];
      const guess = probabilities.indexOf(Math.max(...probabilities));
      const ok = guess === labels[k];
      right += ok;
      const left = (k % inRow) * 62 + 3, up = Math.floor(k / inRow) * 150;
      guesses.append(picture(pixels, left, up + 2, 7));
      probabilities.forEach((p, c) => guesses.append(svg("rect", { x: left + c * 5.6, y: up + 124 - 56 * p, width: 4.8, height: Math.max(0.6, 56 * p), fill: c === labels[k] ? "var(--color-value)" : "var(--color-foreground-muted)" })));
      guesses.append(svg("text", { x: left + 28, y: up + 142, "text-anchor": "middle", "font-size": 13, "font-weight": ok ? 400 : 700, style: ok ? null : "fill:var(--color-gradient)" }, ok ? `${guess}` : `${guess}, not ${labels[k]}`));
    });
    const before = at === 0 ? "Before training: weights at random." : `After ${at} epoch${at > 1 ? "s" : ""}.`;
    says.textContent = `${before} Loss ${number(state.loss)} on what it learns from, ${number(state.test_loss)} on the test set, of which it reads ${number(100 * state.accuracy, 1)} %. Of these ten it reads ${right}.`;
  };
  moving.stepper(controls, last, draw, "epoch").go(0);
});
