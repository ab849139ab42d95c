// Lists: j and k walk the rows, x picks, Enter opens, n and p turn the page, f goes to the filter, ? tells the keys; how many are picked.
"use strict";
(() => {
  const rowsOf = (list) => [...list.querySelectorAll("[data-row]")];
  const boxesOf = (list) => [...list.querySelectorAll("[data-row] .pick")];
  const here = (list) => list.querySelector(".row-here");

  const goTo = (list, row) => {
    here(list)?.classList.remove("row-here");
    row.classList.add("row-here");
    row.querySelector("[data-open]")?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  const tellKeys = () => {
    const keys = document.getElementById("keys");
    if (keys && !keys.open) keys.showModal();
    return Boolean(keys);
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) tellKeys();
    // A click beside the box of a dialog closes it.
    if (event.target.matches("dialog.keys")) event.target.close();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("dialog[open]")) return;
    if (event.target.closest("textarea, select, [contenteditable], input:not([type=checkbox])")) return;
    const list = document.querySelector("[data-list]");
    if (!list) return;
    if (event.key === "?") {
      if (tellKeys()) event.preventDefault();
      return;
    }
    if (event.key === "f") {
      const box = document.querySelector(".filter-search input");
      if (box) {
        event.preventDefault();
        box.focus();
        box.select();
      }
      return;
    }
    if (event.key === "n" || event.key === "p") {
      const link = list.querySelector(`.pager a[rel=${event.key === "n" ? "next" : "prev"}]`);
      if (link) {
        event.preventDefault();
        link.click();
      }
      return;
    }
    if (event.key === "Escape" && !event.target.closest("details[open]")) {
      const bar = list.querySelector("[data-bulk].bulk-open");
      if (bar) bar.reset();
      return;
    }
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
    const boxes = boxesOf(list);
    const picked = boxes.filter((box) => box.checked).length;
    const bar = list.querySelector("[data-bulk]");
    const all = list.querySelector("[data-pick-all]");
    if (bar) {
      bar.classList.toggle("bulk-open", picked > 0);
      bar.querySelector("[data-bulk-count]").textContent = picked;
      const page = bar.querySelector("[data-pick-page]");
      if (page) {
        page.hidden = picked === boxes.length;
        page.querySelector("[data-page-count]").textContent = `(${boxes.length})`;
      }
    }
    if (all) {
      all.checked = picked > 0 && picked === boxes.length;
      all.indeterminate = picked > 0 && picked < boxes.length;
    }
  };

  // Shift and a click pick everything between this row and the one picked before.
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target.closest("[data-row] .pick");
    if (!box) return;
    const list = box.closest("[data-list]");
    const boxes = list ? boxesOf(list) : [];
    const from = boxes.indexOf(last);
    if (event.shiftKey && from >= 0) {
      const to = boxes.indexOf(box);
      for (const one of boxes.slice(Math.min(from, to), Math.max(from, to) + 1)) one.checked = box.checked;
    }
    last = box;
  });

  document.addEventListener("change", (event) => {
    const list = event.target.closest("[data-list]");
    if (!list || !event.target.matches(".pick")) return;
    if (event.target.matches("[data-pick-all]")) {
      for (const box of boxesOf(list)) box.checked = event.target.checked;
    }
    count(list);
  });
  document.addEventListener("click", (event) => {
    const list = event.target.closest("[data-pick-page]")?.closest("[data-list]");
    if (!list) return;
    for (const box of boxesOf(list)) box.checked = true;
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
