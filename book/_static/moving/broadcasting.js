"use strict";

/* Two arrays of different shapes are added; then the gradient is summed back to each. */

moving.register("broadcasting", (stage, examples) => {
  const { html, svg, numbers } = moving;
  let example = examples[0];
  const shape = (s) => `(${s.join(", ")}${s.length === 1 ? "," : ""})`;
  const titles = examples.map(({ shapes: [a, b] }) => `${shape(a)} + ${shape(b)}`);
  const choice = moving.choice("Shapes", titles, (i) => { example = examples[i]; steps.go(0); });
  const controls = html("div");
  const picture = svg("svg", { viewBox: "0 0 420 250", role: "img", "aria-label": "Two small arrays, stretched to one shape and added; and the gradient that comes back to each" });
  const says = moving.says();
  stage.append(choice.element, controls, html("div", { style: "max-width: 34rem" }, picture), says);

  const put = (title, rows, x, y, look, color = null) => {
    picture.append(svg("text", { x, y: y - 8, "font-size": 12, "font-weight": 600, style: color ? `fill:${color}` : null }, title));
    picture.append(numbers(rows, { x, y, cell: 32, height: 27, size: 13, look }));
  };
  const faint = { fill: "color-mix(in srgb, var(--color-value) 14%, transparent)", color: "var(--color-value)" };
  const warm = { fill: "color-mix(in srgb, var(--color-gradient) 14%, transparent)", color: "var(--color-gradient)" };

  const draw = (at) => {
    const { shapes: [sa, sb, sy], a, b, y, g, stretched: [ta, tb], ga, gb } = example;
    picture.replaceChildren();
    const own = (rows) => (i, j) => (i < rows.length && j < rows[0].length ? {} : faint);
    const wide = at >= 1;
    const below = 66 + 27 * y.length; // where the gradients stand
    picture.setAttribute("viewBox", `0 0 420 ${below + 27 * y.length + 6}`);
    put(`a ${shape(wide ? sy : sa)}`, wide ? ta : a, 8, 26, wide ? own(a) : () => ({}));
    put(`b ${shape(wide ? sy : sb)}`, wide ? tb : b, 150, 26, wide ? own(b) : () => ({}));
    if (at >= 2) put(`a + b ${shape(sy)}`, y, 292, 26, () => ({}));
    if (at >= 3) put(`gradient ${shape(sy)}`, g, 292, below, () => warm, "var(--color-gradient)");
    if (at >= 4) {
      put(`of a ${shape(sa)}`, ga, 8, below, () => warm, "var(--color-gradient)");
      put(`of b ${shape(sb)}`, gb, 150, below, () => warm, "var(--color-gradient)");
    }
    const sums = (s) => (shape(s) === shape(sy) ? "It has the shape of the sum already, and stays as it is." : "Each of its numbers was used several times, and gets the sum of their gradients.");
    says.textContent = [
      `Two arrays of shapes ${shape(sa)} and ${shape(sb)}. Written right-aligned, each pair of lengths is equal, or one of them is 1 or missing.`,
      "Broadcasting uses numbers again where an array is too short. What is tinted is not in memory: it is the same number, used once more.",
      "Now they have one shape, and are added element by element.",
      "A gradient arrives, one number for each element of the sum. A sum passes it on unchanged, so far in the shape of the sum.",
      `Back to the shapes of the inputs. a: ${sums(sa)} b: ${sums(sb)}`,
    ][at];
  };
  const steps = moving.stepper(controls, 4, draw);
  steps.go(0);
});
