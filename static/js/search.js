// The search box: what is found shows below it while one types; the arrows walk it, Enter opens, Escape closes.
"use strict";
(() => {
  const form = () => document.querySelector("[data-search]");
  const hitsOf = (box) => [...box.querySelectorAll("[data-hit]")];
  const close = (box) => box.querySelector(".found").replaceChildren();

  document.addEventListener("keydown", (event) => {
    const box = event.target.closest?.("[data-search]");
    if (!box) return;
    const input = box.querySelector("input");
    const hits = hitsOf(box);
    const at = hits.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && hits.length) {
      event.preventDefault();
      hits[Math.min(at + 1, hits.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (at ? hits[at - 1] : input).focus();
    } else if (event.key === "Escape" && hits.length) {
      event.preventDefault();
      close(box);
      input.focus();
    }
  });
  // Nothing typed finds nothing; an answer that comes after one has left is not shown.
  document.addEventListener("input", (event) => {
    const box = event.target.closest("[data-search]");
    if (box && !event.target.value.trim()) close(box);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const box = event.detail.target?.closest?.("[data-search]");
    if (box && !box.contains(document.activeElement)) event.detail.shouldSwap = false;
  });
  const leave = (target) => {
    const box = form();
    if (box && !box.contains(target)) close(box);
  };
  document.addEventListener("click", (event) => leave(event.target));
  document.addEventListener("focusin", (event) => leave(event.target));
})();
