// Reads values off the charts: under the pointer, or with arrow keys. The values are those of
// the table beside each chart; without this script the page shows the same, and nothing moves.
"use strict";
const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// The curves that the legend names, with their place in each row of the table.
function curvesOf(chart) {
  const headings = [...chart.querySelectorAll("thead th")].slice(1);
  return headings
    .map((heading, index) => ({
      index,
      label: heading.textContent,
      colour: heading.dataset.colour,
      group: heading.dataset.group,
    }))
    .filter((curve) => curve.colour);
}

function rowsOf(chart) {
  return [...chart.querySelectorAll("tbody tr")].map((row) => ({
    place: Number(row.dataset.x),
    name: row.querySelector("th").textContent,
    cells: [...row.querySelectorAll("td")],
  }));
}

function nearest(rows, place) {
  let best = 0;
  rows.forEach((row, index) => {
    if (Math.abs(row.place - place) < Math.abs(rows[best].place - place)) best = index;
  });
  return best;
}

function readable(chart, charts) {
  const frame = chart.querySelector("[data-frame]");
  const plot = frame.querySelector("svg");
  const reading = chart.querySelector("[data-reading]");
  const [rows, curves] = [rowsOf(chart), curvesOf(chart)];
  const cursor = element("g", { "aria-hidden": "true" });
  let current = -1;

  const isShown = (curve) =>
    !charts.dataset.show || !curve.group || curve.group === charts.dataset.show;

  function show(index) {
    current = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[current];
    cursor.replaceChildren(
      element("line", { class: "cursor", x1: `${row.place}%`, x2: `${row.place}%`, y1: "0", y2: "100%" })
    );
    reading.replaceChildren();
    const name = document.createElement("strong");
    name.textContent = `${chart.dataset.position} ${row.name}`;
    reading.append(name);
    for (const curve of curves.filter(isShown)) {
      const cell = row.cells[curve.index];
      const dot = document.createElement("i");
      dot.style.background = curve.colour;
      const value = document.createElement("span");
      value.append(dot, ` ${curve.label} ${cell.textContent}`);
      reading.append(value);
      if (cell.dataset.y !== undefined) {
        cursor.append(
          element("circle", { cx: `${row.place}%`, cy: `${cell.dataset.y}%`, r: 4, fill: curve.colour })
        );
      }
    }
  }

  function follow(event) {
    const box = plot.getBoundingClientRect();
    const index = nearest(rows, (100 * (event.clientX - box.left)) / box.width);
    if (index !== current) show(index);
  }

  function walk(event) {
    const start = current < 0 ? rows.length - 1 : current;
    const steps = { ArrowLeft: start - 1, ArrowRight: start + 1, Home: 0, End: rows.length - 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(current < 0 && event.key.startsWith("Arrow") ? start : steps[event.key]);
  }

  if (!rows.length) return () => {};
  plot.append(cursor);
  reading.hidden = false;
  reading.textContent = "Point at the chart, or focus it and press ← or →, to read its values.";
  frame.tabIndex = 0;
  frame.addEventListener("pointermove", follow);
  frame.addEventListener("pointerdown", follow);
  frame.addEventListener("keydown", walk);
  return () => {
    if (current >= 0) show(current);
  };
}

for (const charts of document.querySelectorAll("[data-charts]")) {
  const renewals = [...charts.querySelectorAll("[data-chart]")].map((chart) => readable(chart, charts));
  const choice = charts.querySelector(".switch");
  if (choice) {
    choice.hidden = false;
    choice.addEventListener("change", (event) => {
      charts.dataset.show = event.target.value;
      renewals.forEach((renew) => renew());
    });
  }
}
