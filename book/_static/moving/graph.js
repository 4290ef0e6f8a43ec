"use strict";

/* A graph of calls: values flow down, gradients flow back up. */

moving.register("graph", (stage, { nodes, calls }) => {
  const { html, svg, number } = moving;
  const places = { w: [75, 40], x: [205, 40], wx: [140, 120], b: [290, 120], h: [205, 200], y: [205, 280], t: [340, 280], e: [270, 360], L: [270, 440] };
  const signs = { mul: "\u00d7", add: "+", tanh: "tanh", sub: "\u2212" };
  const slopes = {
    mul: "The slope of a product, for one factor, is the other factor.",
    add: "The slope of a sum is 1 for both: the gradient passes as it is.",
    tanh: "The slope of tanh is 1 \u2212 y\u00b2.",
    sub: "The slope of a difference is 1 for what stands before the minus.",
  };
  const forward = calls.map((call) => ({ call }));
  const backward = [{ start: true }, ...[...calls].reverse().map((call) => ({ call, back: true }))];
  const steps = [{ intro: true }, ...forward, ...backward];

  const controls = html("div");
  const picture = svg("svg", { viewBox: "0 0 420 475", role: "img", "aria-label": "A graph of nine values and five calls, from weight, input and bias at the top to the loss at the bottom" });
  const says = moving.says();
  const legend = html("p", { class: "legend" }, html("span", { class: "forward" }, "\u25a0 value"), " \u2003 ", html("span", { class: "backward" }, "\u25a0 gradient"));
  stage.append(controls, html("div", { class: "side-by-side" },
    html("div", { class: "panel", style: "flex: 1 1 22rem; max-width: 30rem" }, picture),
    html("div", { class: "panel", style: "flex: 1 1 13rem" }, legend, says)));

  const draw = (at) => {
    const known = new Set(["w", "x", "b", "t"]);
    const arrived = {};
    let lively = new Set();
    let words = "Four numbers are given: a weight w, an input x, a bias b and a target t. Step forward.";
    steps.slice(0, at + 1).forEach((step, i) => {
      const now = i === at;
      if (step.start) {
        arrived.L = 1;
        if (now) words = "Now backwards. The gradient of the loss with respect to itself is 1.";
      } else if (step.back) {
        if (now) lively = new Set(step.call.inputs.map(({ gradient }, k) => (gradient === null ? "" : `${step.call.name}/${k}`)));
        const sent = step.call.inputs.filter(({ gradient }) => gradient !== null);
        for (const { to, gradient } of sent) arrived[to] = (arrived[to] || 0) + gradient;
        if (now) {
          const twice = sent.length === 2 && sent[0].to === sent[1].to;
          const list = sent.map(({ to, gradient }) => `${to} gets ${number(gradient)}`).join(", ");
          const quiet = step.call.inputs.filter(({ gradient }) => gradient === null).map(({ to }) => to);
          words = `${slopes[step.call.op]} ${twice ? `e went in twice, so it gets ${number(sent[0].gradient)} twice: the sum is ${number(sent[0].gradient + sent[1].gradient)}.` : `${list}.`}`;
          if (quiet.length) words += ` Nobody asked for the gradient of ${quiet.join(" and ")}, and it is not computed.`;
        }
      } else if (step.call) {
        known.add(step.call.name);
        if (now) {
          lively = new Set(step.call.inputs.map((_, k) => `${step.call.name}/${k}`));
          words = `${step.call.name} is computed, and the call is recorded: ${step.call.op}, where its inputs came from, and the way back.`;
        }
      }
    });
    if (at === steps.length - 1) words += " Done: w and b know which way to move.";

    picture.replaceChildren();
    for (const call of calls) {
      call.inputs.forEach(({ to }, k) => {
        const [x1, y1] = places[to], [x2, y2] = places[call.name];
        const twice = call.inputs.length === 2 && call.inputs[0].to === call.inputs[1].to;
        const bend = twice ? (k ? 24 : -24) : 0;
        const hot = lively.has(`${call.name}/${k}`);
        const color = !hot ? "var(--color-foreground-muted)" : steps[at].back ? "var(--color-gradient)" : "var(--color-value)";
        picture.append(svg("path", { d: `M${x1} ${y1 + 23} Q${(x1 + x2) / 2 + bend} ${(y1 + y2) / 2} ${x2 + bend / 3} ${y2 - 25}`, fill: "none", stroke: color, "stroke-width": hot ? 3 : 1.3 }));
      });
    }
    for (const [name, [x, y]] of Object.entries(places)) {
      const call = calls.find((one) => one.name === name);
      const shown = known.has(name);
      const has = name in arrived;
      picture.append(svg("rect", { x: x - 46, y: y - 24, width: 92, height: 48, rx: call ? 9 : 24, fill: "var(--color-background-primary)", stroke: has ? "var(--color-gradient)" : shown ? "var(--color-value)" : "var(--color-foreground-muted)", "stroke-width": 1.6, "stroke-dasharray": shown ? null : "4 3" }));
      picture.append(svg("text", { x, y: y - 5, "text-anchor": "middle", "font-size": 13, "font-weight": 600 }, call ? `${name} = ${signs[call.op] === "tanh" ? "tanh h" : call.inputs.map((i) => i.to).join(` ${signs[call.op]} `)}` : name));
      if (shown) picture.append(svg("text", { x: has ? x - 21 : x, y: y + 14, "text-anchor": "middle", "font-size": 13, style: "fill:var(--color-value)" }, number(nodes[name].value)));
      if (has) picture.append(svg("text", { x: x + 22, y: y + 14, "text-anchor": "middle", "font-size": 13, style: "fill:var(--color-gradient)" }, number(arrived[name])));
    }
    says.textContent = words;
  };
  moving.stepper(controls, steps.length - 1, draw).go(0);
});
