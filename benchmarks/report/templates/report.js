// Reads values off the charts: under the pointer, or with arrow keys. The values are those of
// the tables below each chart; without this script the page shows the same, and nothing moves.
"use strict";

function written(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}

// A chart's panels lie side by side; see `Panel` in benchmarks/report/chart.py.
function makeReadable(chart, panels) {
  const drawing = chart.querySelector("svg");
  const reading = chart.querySelector(".reading");
  const cursor = drawing.querySelector(".cursor");
  let current = null;

  function show(panel, place) {
    const index = Math.max(0, Math.min(panel.places.length - 1, place));
    const x = panel.places[index];
    const [positionName, ...labels] = panel.values.columns;
    const [position, ...texts] = panel.values.rows[index];
    current = { panel, index };
    cursor.innerHTML = `<path d="M${x} ${panel.bottom}V${panel.top}"/>`;
    reading.replaceChildren(written("strong", `${positionName} ${position}`));
    panel.curves.forEach(({ colour, group, heights }, column) => {
      if (chart.dataset.show && group && group !== chart.dataset.show) return;
      const value = written("span", ` ${labels[column]} ${texts[column]}`);
      value.prepend(Object.assign(written("i", ""), { style: `background: ${colour}` }));
      reading.append(value);
      if (heights[index] === null) return;
      cursor.innerHTML += `<circle cx="${x}" cy="${heights[index]}" r="4" fill="${colour}"/>`;
    });
  }

  function follow(event) {
    const box = drawing.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * drawing.viewBox.baseVal.width;
    const distances = panels.map((panel) => panel.places.map((place) => Math.abs(place - x)));
    const least = Math.min(...distances.flat());
    const which = distances.findIndex((each) => each.includes(least));
    const index = distances[which].indexOf(least);
    if (current?.panel !== panels[which] || current.index !== index) show(panels[which], index);
  }

  function walk(event) {
    const { panel, index } = current ?? { panel: panels[0], index: panels[0].places.length };
    const other = panels[panels.indexOf(panel) + { ArrowUp: -1, ArrowDown: 1 }[event.key]];
    const steps = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: Infinity };
    if (!other && !(event.key in steps)) return;
    event.preventDefault();
    show(other ?? panel, other ? index : steps[event.key]);
  }

  drawing.parentElement.addEventListener("pointermove", follow);
  drawing.parentElement.addEventListener("pointerdown", follow);
  drawing.parentElement.addEventListener("keydown", walk);
  chart.addEventListener("change", (event) => {
    chart.dataset.show = event.target.value;
    if (current) show(current.panel, current.index);
  });
}

for (const panels of document.querySelectorAll(".chart script")) {
  makeReadable(panels.parentElement, JSON.parse(panels.textContent));
}
for (const control of document.querySelectorAll(".switch, .reading")) control.hidden = false;
