// The frame: menus that close, the theme without a reload, the search key, copy buttons, the offline worker.
"use strict";
(() => {
  const root = document.documentElement;

  // Menus are <details>: they open without us. We only close them when one goes elsewhere.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(except)) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("focusin", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement?.closest("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // Light, dark, or what the device prefers: a cookie for the server, an attribute for this page.
  const showTheme = (theme) => {
    if (theme) root.dataset.bsTheme = theme;
    else delete root.dataset.bsTheme;
    for (const button of document.querySelectorAll("[data-theme-switch] button")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
    document.dispatchEvent(new CustomEvent("theme-changed"));
  };
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-theme-switch]") || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${theme}; Path=/; Max-Age=${theme ? 31536000 : 0}; SameSite=Lax${secure}`;
    showTheme(theme);
  });

  // "/" or Ctrl-K goes to the search, unless one is writing.
  const writing = (element) => element.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    const search = (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !writing(event.target))
      || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey));
    if (!search) return;
    const boxes = [...document.querySelectorAll("[data-shortcut='/'], .filter-search input")];
    const box = boxes.find((one) => one.offsetParent !== null);
    const link = document.querySelector(".tool-search");
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    } else if (link) {
      event.preventDefault();
      link.click();
    }
  });

  // A definition opens towards the middle of the page; Escape hides it until one goes elsewhere.
  const aside = (event) => {
    const help = event.target.closest?.("[data-help]");
    if (help) help.classList.toggle("help-end", help.getBoundingClientRect().left > innerWidth / 2);
  };
  document.addEventListener("pointerover", aside);
  document.addEventListener("focusin", aside);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const help of document.querySelectorAll("[data-help]:is(:hover, :focus)")) {
      help.classList.add("help-quiet");
      const wake = () => help.classList.remove("help-quiet");
      help.addEventListener("pointerleave", wake, { once: true });
      help.addEventListener("blur", wake, { once: true });
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      window.note("Copied.");
    } catch {
      window.note("This browser does not allow copying. Select the text instead.", "bad");
    }
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-reload]")) return;
    event.preventDefault();
    location.reload();
  });

  // A short message in the corner. It stays while one points at it or has the focus in it.
  window.note = (text, tone = "") => {
    const corner = document.getElementById("toasts");
    if (!corner) return;
    const toast = document.createElement("div");
    toast.className = `toast-note${tone ? ` toast-${tone}` : ""}`;
    const words = document.createElement("p");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.textContent = "×";
    close.addEventListener("click", () => toast.remove());
    toast.append(words, close);
    corner.append(toast);
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, tone === "bad" ? 12000 : 6000);
  };

  if ("serviceWorker" in navigator && window.isSecureContext) {
    window.addEventListener("load", () => navigator.serviceWorker.register("/service-worker.js").catch(() => {}));
  }
})();
