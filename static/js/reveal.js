// A button beside each password that shows what one types.
"use strict";
for (const box of document.querySelectorAll('input[type="password"]')) {
  const button = document.getElementById("reveal").content.firstElementChild.cloneNode(true);
  const frame = document.createElement("div");
  frame.className = "revealing";
  box.replaceWith(frame);
  frame.append(box, button);
  button.addEventListener("click", () => {
    const shown = box.type === "text";
    box.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
    [button.textContent, button.dataset.other] = [button.dataset.other, button.textContent];
    box.focus();
  });
  // What is sent and remembered is a password, not a text.
  box.form?.addEventListener("submit", () => { box.type = "password"; });
}
