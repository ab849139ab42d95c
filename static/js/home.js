// Home: cards are dragged by their grip, or taken with space, moved with the arrows and put down with space. The order
// is saved for this member only; without this script the deeds behind the dots do the same.
"use strict";
(() => {
  const grid = document.querySelector("[data-home]");
  if (!grid) return;
  const said = document.querySelector("[data-home-said]");
  const words = document.querySelector("[data-home-words]").dataset;
  const token = document.querySelector("[data-home-token] [name=csrfmiddlewaretoken]").value;
  const cards = () => [...grid.querySelectorAll(":scope > [data-widget]")];
  const names = () => cards().map((card) => card.dataset.widget);
  const titleOf = (card) => card.querySelector("h2").textContent.trim();
  const say = (sentence, card, place) => {
    said.textContent = sentence
      .replace("%(title)s", titleOf(card)).replace("%(place)s", place + 1).replace("%(all)s", cards().length);
  };
  const restore = (order) => {
    for (const name of order) grid.append(grid.querySelector(`:scope > [data-widget="${name}"]`));
  };

  let saved = names();
  let line = Promise.resolve();
  // One after the other, so that the last order is the one that stays; and even if the page is left meanwhile.
  const save = () => {
    const order = names();
    if (order.join() === saved.join()) return line;
    const before = saved;
    saved = order;
    const body = new URLSearchParams(order.map((name) => ["order", name]));
    grid.setAttribute("aria-busy", "true");
    line = line.then(async () => {
      try {
        const answer = await fetch(grid.dataset.home, {
          method: "POST", body, keepalive: true, headers: { "X-CSRFToken": token, "X-Quiet": "1" },
        });
        if (answer.status !== 204) throw new Error(answer.headers.get("Content-Type")?.startsWith("text/plain") ? await answer.text() : "");
        grid.dataset.saved = order.join(" ");
      } catch (error) {
        saved = before;
        restore(before);
        window.note(error instanceof TypeError || !error.message ? words.failed : error.message, "bad");
      }
      grid.removeAttribute("aria-busy");
    });
    return line;
  };

  // -- by keyboard
  let held = null;
  const put = (message) => {
    const { card, grip } = held;
    held = null;
    grip.setAttribute("aria-pressed", "false");
    say(message, card, cards().indexOf(card));
    save();
  };
  const take = (grip) => {
    const card = grip.closest("[data-widget]");
    held = { card, grip, from: names() };
    grip.setAttribute("aria-pressed", "true");
    say(words.taken, card, cards().indexOf(card));
  };
  const move = (steps) => {
    const all = cards();
    const at = all.indexOf(held.card);
    const to = Math.min(Math.max(at + steps, 0), all.length - 1);
    if (to !== at) {
      const { card, grip } = held;
      moving = true;
      if (to > at) all[to].after(card);
      else all[to].before(card);
      grip.focus({ preventScroll: true });
      moving = false;
      card.scrollIntoView({ block: "nearest" });
    }
    say(words.moved, held.card, to);
  };
  let moving = false;
  grid.addEventListener("keydown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1, Home: -1000, End: 1000 }[event.key];
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      if (held) put(words.put);
      else take(grip);
    } else if (held && steps) {
      event.preventDefault();
      move(steps);
    } else if (held && event.key === "Escape") {
      event.preventDefault();
      const { card, grip: focus, from } = held;
      held = null;
      moving = true;
      restore(from);
      focus.focus();
      moving = false;
      focus.setAttribute("aria-pressed", "false");
      say(words.back, card, cards().indexOf(card));
    }
  });
  // A space that is let go would click the button once more; a tap or click on the grip takes nothing by itself.
  grid.addEventListener("keyup", (event) => {
    if (event.key === " " && event.target.closest("[data-grip]")) event.preventDefault();
  });
  // Whoever goes elsewhere puts the card down where it is.
  grid.addEventListener("focusout", () => {
    if (held && !moving) put(words.put);
  });

  // -- by the deeds behind the dots, without leaving the page
  grid.addEventListener("submit", (event) => {
    const to = new URL(event.target.action).searchParams.get("to");
    if (!to) return;
    event.preventDefault();
    const card = event.target.closest("[data-widget]");
    const all = cards();
    const place = Math.min(Math.max(all.indexOf(card) + (to === "up" ? -1 : 1), 0), all.length - 1);
    if (to === "up") all[place].before(card);
    else all[place].after(card);
    card.querySelector("details[data-menu]").open = false;
    card.querySelector("[data-grip]").focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
    say(words.put, card, place);
    save();
  });

  // -- by drag
  window.Sortable?.create(grid, {
    draggable: "[data-widget]",
    handle: "[data-grip]",
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
    ghostClass: "widget-ghost",
    forceFallback: matchMedia("(pointer: coarse)").matches,
    onEnd: (event) => {
      say(words.put, event.item, cards().indexOf(event.item));
      save();
    },
  });
})();
