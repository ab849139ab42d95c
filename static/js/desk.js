// Desks of the staff: c claims the row one is on, or the page's own subject. (j, k and Enter are in lists.js.)
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.key !== "c" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("textarea, select, [contenteditable], input:not([type=checkbox])")) return;
  const row = document.querySelector("[data-row].row-here") ?? document.activeElement?.closest("[data-row]");
  const button = (row ?? (document.querySelector("[data-row]") ? null : document))?.querySelector("[data-claim]");
  if (!button) return;
  event.preventDefault();
  button.click();
});
