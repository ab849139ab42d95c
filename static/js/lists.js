// Lists: j and k walk the rows, x picks, Enter opens; picking all; the number of picked rows.
"use strict";
(() => {
  const rowsOf = (list) => [...list.querySelectorAll("[data-row]")];
  const here = (list) => list.querySelector(".row-here");

  const goTo = (list, row) => {
    here(list)?.classList.remove("row-here");
    row.classList.add("row-here");
    row.querySelector("[data-open]")?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("textarea, select, [contenteditable], input:not([type=checkbox])")) return;
    const list = document.querySelector("[data-list]");
    if (!list) return;
    const rows = rowsOf(list);
    const at = rows.findIndex((row) => row.classList.contains("row-here") || row.contains(document.activeElement));
    if (event.key === "j" || event.key === "k") {
      const next = rows[event.key === "j" ? Math.min(at + 1, rows.length - 1) : Math.max(at - 1, 0)];
      if (next) {
        event.preventDefault();
        goTo(list, next);
      }
    } else if (event.key === "x" && at >= 0) {
      const box = rows[at].querySelector(".pick");
      if (box) {
        event.preventDefault();
        box.click();
      }
    } else if (event.key === "Enter" && at >= 0 && !event.target.closest("a, button, summary")) {
      event.preventDefault();
      rows[at].querySelector("[data-open]")?.click();
    }
  });

  const count = (list) => {
    const boxes = [...list.querySelectorAll("[data-row] .pick")];
    const picked = boxes.filter((box) => box.checked).length;
    const bar = list.querySelector("[data-bulk]");
    const all = list.querySelector("[data-pick-all]");
    if (bar) {
      bar.classList.toggle("bulk-open", picked > 0);
      bar.querySelector("[data-bulk-count]").textContent = picked;
    }
    if (all) {
      all.checked = picked > 0 && picked === boxes.length;
      all.indeterminate = picked > 0 && picked < boxes.length;
    }
  };
  document.addEventListener("change", (event) => {
    const list = event.target.closest("[data-list]");
    if (!list || !event.target.matches(".pick")) return;
    if (event.target.matches("[data-pick-all]")) {
      for (const box of list.querySelectorAll("[data-row] .pick")) box.checked = event.target.checked;
    }
    count(list);
  });
  document.addEventListener("reset", (event) => {
    const list = event.target.closest("[data-list]");
    if (list && event.target.matches("[data-bulk]")) setTimeout(() => count(list));
  });
  // The browser keeps ticked boxes when one comes back to the page.
  const countAll = () => document.querySelectorAll("[data-list]").forEach(count);
  window.addEventListener("pageshow", countAll);
  document.addEventListener("htmx:afterSettle", countAll);
})();
