{% load static %}// Shows the offline page when the server cannot be reached. Nothing private is ever kept: only that page, asked for
// without cookies, and its style sheets lie in the cache; every other request goes to the network untouched.
"use strict";
const CACHE = "offline-{{ version }}";
const PAGE = "{% url 'offline' %}";
const KEPT = [
  PAGE,
  "{% static 'vendor/tabler-core/tabler.min.css' %}",
  "{% static 'css/tokens.css' %}",
  "{% static 'css/base.css' %}",
  "{% static 'css/components.css' %}",
  "{% static 'vendor/fontsource-variable-inter/inter-latin.woff2' %}",
  "{% static 'vendor/icons/icons.svg' %}",
  "{% static 'js/frame.js' %}",
];
self.addEventListener("install", (event) => {
  const asked = KEPT.map((path) => new Request(path, { credentials: "omit", cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(asked)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  const url = new URL(event.request.url);
  if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(PAGE)));
  } else if (url.origin === self.location.origin && KEPT.includes(url.pathname)) {
    event.respondWith(fetch(event.request).catch(() => caches.match(url.pathname)));
  }
});
