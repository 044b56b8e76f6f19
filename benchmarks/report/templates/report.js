// Reads values off the charts: under the pointer, or with arrow keys. The values are those of
// the tables below each chart; without this script the page shows the same, and nothing moves.
"use strict";

function svgElement(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function panelOf(table) {
  const headings = [...table.querySelectorAll("thead th")].slice(1);
  return {
    position: table.dataset.position,
    top: table.dataset.top,
    bottom: table.dataset.bottom,
    curves: headings.map((heading) => ({ label: heading.textContent, ...heading.dataset })),
    rows: [...table.querySelectorAll("tbody tr")].map((row) => ({
      x: Number(row.dataset.x),
      name: row.querySelector("th").textContent,
      cells: [...row.querySelectorAll("td")],
    })),
  };
}

// The place nearest to x in any panel; panels lie side by side.
function nearest(panels, x) {
  const places = panels.flatMap((panel) =>
    panel.rows.map((row, index) => ({ panel, index, distance: Math.abs(row.x - x) }))
  );
  return places.reduce((best, place) => (place.distance < best.distance ? place : best));
}

function makeReadable(chart, panels) {
  const frame = chart.querySelector("[data-frame]");
  const drawing = frame.querySelector("svg");
  const reading = chart.querySelector("[data-reading]");
  const cursor = svgElement("g", { "aria-hidden": "true" });
  let current = null;

  function show(panel, index) {
    current = { panel, index: Math.max(0, Math.min(panel.rows.length - 1, index)) };
    const row = panel.rows[current.index];
    const line = { class: "cursor", x1: row.x, x2: row.x, y1: panel.top, y2: panel.bottom };
    cursor.replaceChildren(svgElement("line", line));
    const name = document.createElement("strong");
    name.textContent = `${panel.position} ${row.name}`;
    reading.replaceChildren(name);
    panel.curves.forEach((curve, place) => {
      if (chart.dataset.show && curve.group && curve.group !== chart.dataset.show) return;
      const cell = row.cells[place];
      const dot = document.createElement("i");
      dot.style.background = curve.colour;
      const value = document.createElement("span");
      value.append(dot, ` ${curve.label} ${cell.textContent}`);
      reading.append(value);
      if (cell.dataset.y !== undefined) {
        cursor.append(svgElement("circle", { cx: row.x, cy: cell.dataset.y, r: 4, fill: curve.colour }));
      }
    });
  }

  function follow(event) {
    const box = drawing.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * drawing.viewBox.baseVal.width;
    const place = nearest(panels, x);
    if (current?.panel !== place.panel || current.index !== place.index) show(place.panel, place.index);
  }

  function walk(event) {
    const { panel, index } = current ?? { panel: panels[0], index: panels[0].rows.length };
    const other = panels[panels.indexOf(panel) + { ArrowUp: -1, ArrowDown: 1 }[event.key]];
    const steps = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: panel.rows.length - 1 };
    if (!other && !(event.key in steps)) return;
    event.preventDefault();
    show(other ?? panel, other ? index : steps[event.key]);
  }

  drawing.append(cursor);
  reading.hidden = false;
  reading.textContent =
    "Point at the chart, or focus it and press ← or →, ↑ or ↓ for another panel, to read its values.";
  frame.addEventListener("pointermove", follow);
  frame.addEventListener("pointerdown", follow);
  frame.addEventListener("keydown", walk);
  return () => current && show(current.panel, current.index);
}

for (const chart of document.querySelectorAll("[data-chart]")) {
  const panels = [...chart.querySelectorAll("[data-panel]")].map(panelOf);
  const renew = panels.length ? makeReadable(chart, panels) : () => {};
  const choice = chart.querySelector(".switch");
  if (choice) {
    choice.hidden = false;
    choice.addEventListener("change", (event) => {
      chart.dataset.show = event.target.value;
      renew();
    });
  }
}
