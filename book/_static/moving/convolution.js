"use strict";

/* Windows of an image are written side by side; one product with the kernel gives every output. And back. */

moving.register("convolution", (stage, { image, kernel, columns, output, g, dcolumns, summed, dx }) => {
  const { html, svg, numbers, number } = moving;
  let backwards = false;
  const choice = moving.choice("Direction", ["Forward: unfold", "Backward: fold"], (i) => { backwards = i === 1; steps.go(0); });
  const controls = html("div");
  const picture = svg("svg", { viewBox: "0 0 380 440", role: "img", "aria-label": "An image of five by five numbers, a kernel of three by three, nine columns of nine numbers, and the outputs" });
  const says = moving.says();
  stage.append(choice.element, controls, html("div", { style: "max-width: 34rem" }, picture), says);
  const blue = "color-mix(in srgb, var(--color-value) 22%, var(--color-background-primary))";
  const warm = "color-mix(in srgb, var(--color-gradient) 24%, var(--color-background-primary))";
  const title = (text, x, y, color = null) => picture.append(svg("text", { x, y, "font-size": 12, "font-weight": 600, style: color ? `fill:${color}` : null }, text));

  const draw = (at) => {
    picture.replaceChildren();
    const window = at - 1, row = Math.floor(window / 3), column = window % 3;
    const within = (i, j) => at > 0 && i >= row && i < row + 3 && j >= column && j < column + 3;
    const flat = kernel.flat();
    const weights = flat.map((value) => [value]);
    const done = (k) => at > k;
    const color = backwards ? warm : blue;

    title(backwards ? "gradient of the image" : "image", 4, 14, backwards ? "var(--color-gradient)" : null);
    picture.append(numbers(backwards ? summed[at] : image, { x: 4, y: 22, cell: 27, size: 12, look: (i, j) => (within(i, j) ? { fill: color, weight: 600 } : {}) }));
    title("kernel", 150, 14);
    picture.append(numbers(kernel, { x: 150, y: 22, cell: 27, size: 12 }));
    title(backwards ? "gradient of the output" : "output", 244, 14, backwards ? "var(--color-gradient)" : null);
    picture.append(numbers(backwards ? g : output, { x: 244, y: 22, cell: 27, size: 12, look: (i, j) => {
      const k = 3 * i + j;
      if (k === window) return { fill: color, weight: 600 };
      return backwards || done(k) ? {} : { text: "" };
    } }));
    title(backwards ? "gradients of the windows: kernel \u00d7 gradient" : "unfolded: a column for each window", 60, 170, backwards ? "var(--color-gradient)" : null);
    picture.append(numbers(weights, { x: 14, y: 178, cell: 27, size: 12, look: () => ({ fill: at > 0 ? "color-mix(in srgb, var(--color-foreground-muted) 18%, transparent)" : "transparent" }) }));
    title("kernel", 6, 436);
    picture.append(numbers(backwards ? dcolumns : columns, { x: 60, y: 178, cell: 27, size: 12, look: (_, k) => {
      if (k === window) return { fill: color, weight: 600 };
      return done(k) ? {} : { text: "" };
    } }));
    if (at === 0) {
      says.textContent = backwards
        ? "A gradient has arrived for each of the nine outputs. Each output saw a window of the image, so its gradient goes back to that window, times the kernel."
        : "A kernel of 3 x 3 is laid on every place of the image where it fits: nine places. Step through them.";
    } else if (backwards) {
      const value = number(g[row][column]);
      says.textContent = `Window ${at}: the kernel times ${value} is added to the image where the window was taken. Where windows overlap, gradients add up: that is fold.`
        + (at === 9 ? ` Now every place has the gradient that the library computed${summed[9].every((line, i) => line.every((v, j) => v === dx[i][j])) ? "" : " (and here they differ)"}.` : "");
    } else {
      const products = columns.map((line, i) => [flat[i], line[window]]).filter(([w, v]) => w && v);
      says.textContent = `Window ${at} becomes a column. The kernel times the column: ${products.map(([w, v]) => `${number(w)}\u00b7${number(v)}`).join(" + ") || "0"} = ${number(output[row][column])}.`
        + (at === 9 ? " Nine columns, one product of matrices: that is how the library computes a convolution." : "");
    }
  };
  const steps = moving.stepper(controls, 9, draw, "window");
  steps.go(0);
});
