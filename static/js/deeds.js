// Deeds: one click posts once, the answer's sentence is shown, a failure changes nothing and says so.
"use strict";
(() => {
  // A plain post locks its form until the next page arrives; htmx locks it until the answer is in place.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[data-theme-switch]") || event.defaultPrevented) return;
    if (form.dataset.busy !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.busy = "";
    // An answer that is a file leaves the page standing.
    setTimeout(() => delete form.dataset.busy, 8000);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-busy]")) delete form.dataset.busy;
  });
  // Two deeds in a row that answer into the same panel go one after the other: the first answer would take the form of
  // the second with it, and the second answer would have nowhere to go. A form that waits is kept aside meanwhile.
  // The answer takes away the form in which somebody was. Then the focus goes to the same control of the same row, after a
  // refusal to what is wrong there; where the row has gone, to the row in its place, or to the panel.
  const places = new WeakMap();
  const placeOf = (form, ground) => {
    const at = document.activeElement;
    const control = form.contains(at) ? at : form.querySelector("[type=submit]");
    const row = form.closest("[data-row]");
    const list = row?.closest("[data-list]");
    return {
      action: form.getAttribute("action"),
      name: control?.name,
      type: control?.type,
      row: row?.id,
      number: list ? [...list.querySelectorAll("[data-row]")].indexOf(row) : -1,
      ground: ground.id,
    };
  };
  const twinOf = (place) => {
    const within = place.row ? document.getElementById(place.row) : document;
    const forms = [...(within?.querySelectorAll("form[data-deed]") || [])];
    const form = forms.find((one) => one.getAttribute("action") === place.action);
    const same = (one) => one.name === place.name && one.type === place.type;
    return form?.querySelector("[aria-invalid=true]") || [...(form?.elements || [])].find(same);
  };
  const instead = (place) => {
    const ground = place.ground ? document.getElementById(place.ground) : null;
    const rows = ground?.querySelectorAll("[data-row]") || [];
    const next = rows[Math.min(place.number, rows.length - 1)]?.querySelector("[data-open]");
    if (ground && !next) ground.tabIndex = -1;
    return next || ground;
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    const form = event.detail.requestConfig?.elt;
    const place = form && places.get(form);
    if (!place || !places.delete(form)) return;
    // After the sentence of a refusal, which takes the focus below, and never from where somebody has gone meanwhile.
    queueMicrotask(() => {
      if (document.activeElement === document.body) (twinOf(place) || instead(place))?.focus({ preventScroll: true });
    });
  });
  const running = new Map();
  const waiting = [];
  let aside;
  const sameGround = (one, other) => one.contains(other) || other.contains(one);
  const release = (form) => {
    delete form.dataset.sending;
    delete form.dataset.busy;
  };
  const next = () => {
    const form = waiting.shift();
    if (!form) return;
    release(form.element);
    window.htmx.trigger(form.element, "submit");
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt.closest("form[data-deed]");
    if (!form) return;
    if (form.dataset.sending !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = "";
    form.dataset.busy = "";
    const ground = event.detail.target;
    places.set(form, placeOf(form, ground));
    if ([...running.values()].some((one) => sameGround(one, ground))) {
      event.preventDefault();
      waiting.push({ element: form, ground });
      return;
    }
    running.set(form, ground);
  });
  const refused = (xhr) => xhr?.status === 409 || xhr?.status === 422 || Boolean(xhr?.getResponseHeader("X-Refused"));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    const kept = waiting.filter((form) => target.contains(form.element));
    for (const form of kept) {
      if (!aside) {
        aside = document.createElement("div");
        aside.hidden = true;
        document.body.append(aside);
      }
      aside.append(form.element);
    }
    if (kept.length && refused(xhr)) {
      const answer = new DOMParser().parseFromString(xhr.responseText, "text/html");
      const sentence = answer.querySelector("[role=alert]")?.textContent.trim();
      if (sentence) window.note(sentence, "bad");
    }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.requestConfig?.elt; // detail.elt is another one where the answer took the form away
    if (!running.delete(form)) return;
    release(form);
    if (aside?.contains(form)) form.remove();
    setTimeout(next);
  });

  // The sentence of a done deed (kernel.deeds sends it as an event).
  document.addEventListener("deed-done", (event) => window.note(event.detail.text));

  // The badges of the frame as they stand after a deed (seller_center.frame sends them): a number, or nothing to count.
  document.addEventListener("frame-counts", (event) => {
    for (const badge of document.querySelectorAll("[data-count]")) {
      const number = event.detail[badge.dataset.count];
      if (number === undefined) continue;
      badge.hidden = !number;
      if (badge.firstChild?.nodeType === Node.TEXT_NODE) badge.firstChild.data = number;
      else badge.prepend(number);
    }
  });

  // An answer that is a log-in page means the session ended: the whole page goes there, not a panel of it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const path = new URL(event.detail.xhr.responseURL || location.href).pathname;
    if (path.startsWith("/account/login") && !location.pathname.startsWith("/account/")) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });

  // A refusal is shown where the deed was, also one with another status: somebody else does not answer just now.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.shouldSwap && event.detail.xhr.getResponseHeader("X-Refused")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  // After a refusal the sentence gets the focus, so that nobody has to look for it.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (refused(event.detail.xhr)) {
      document.querySelector(".error-summary, [data-focus]")?.focus();
    }
  });
  document.addEventListener("DOMContentLoaded", () => document.querySelector(".error-summary:not([data-still] *)")?.focus());

  const sentences = {
    403: "You may not do this. Nothing was changed.",
    404: "This is no longer there. Reload the page.",
    413: "That is too large. Nothing was saved.",
    429: "That was too often. Wait a moment and try again.",
    503: "The site is being looked after. Try again in a few minutes.",
  };
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    window.note(sentences[status] || "Something broke on our side. Try again in a moment.", "bad");
  });
  document.addEventListener("htmx:sendError", () => window.note("The server cannot be reached. Nothing was sent.", "bad"));
  document.addEventListener("htmx:timeout", () => window.note("The server took too long to answer. Reload the page to see how it stands.", "bad"));
})();
