// Comfort only: everything can be read without this. Filters a ladder, opens all its rows, and finds what a link means.
"use strict";

for (const drawing of document.querySelectorAll(".drawing")) {
  const find = (selector) => drawing.querySelector(selector);
  const tools = find(".tools");
  const rows = [...drawing.querySelectorAll(".row")];
  let words = null; // of each row, read when first needed
  const field = find(".filter");
  const failures = find(".failures");

  const filter = () => {
    const wanted = field.value.trim().toLowerCase().split(/\s+/);
    let found = 0;
    words ??= rows.map((row) => row.textContent.toLowerCase());
    rows.forEach((row, index) => {
      const fits = wanted.every((word) => words[index].includes(word)) && !(failures.checked && !row.matches(".bad"));
      row.classList.toggle("filtered", !fits);
      found += fits;
    });
    const filtered = found < rows.length;
    drawing.classList.toggle("narrowed", filtered);
    find(".found").textContent = filtered ? `${found} of ${rows.length} rows` : "";
  };
  const open = (all) => {
    for (const row of rows) {
      const details = row.querySelector("details");
      if (details && !row.classList.contains("filtered")) details.open = all;
    }
  };

  tools.hidden = false;
  field.addEventListener("input", filter);
  failures.addEventListener("change", filter);
  find(".open").addEventListener("click", () => open(true));
  find(".close").addEventListener("click", () => open(false));
}

// A link leads to a row that may be folded away, filtered out or of a call that is not looked at.
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let place = target; place; place = place.parentElement) {
    if (place.tagName === "DETAILS") place.open = true;
    if (place.classList.contains("drawing")) {
      const all = place.querySelector(".vall");
      if (all) all.checked = true;
    }
  }
  target.classList.remove("filtered");
  const inside = target.matches(".row") && target.querySelector("details");
  if (inside) inside.open = true;
  if (target.matches("section")) for (const part of target.querySelectorAll(":scope > details.main")) part.open = true;
  target.scrollIntoView();
};
window.addEventListener("hashchange", reveal);
reveal();
