{% load static %}// Shows the offline page when the server cannot be reached. Nothing private is ever kept: only the page itself and its
// style sheets lie in the cache, and every other request goes to the network untouched.
"use strict";
const CACHE = "offline-1";
const PAGE = "{% url 'offline' %}";
const KEPT = [
  PAGE,
  "{% static 'vendor/tabler-core/tabler.min.css' %}",
  "{% static 'css/tokens.css' %}",
  "{% static 'css/base.css' %}",
  "{% static 'css/components.css' %}",
  "{% static 'vendor/fontsource-variable-inter/inter-latin.woff2' %}",
  "{% static 'vendor/icons/icons.svg' %}",
];
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT)).then(() => self.skipWaiting()));
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
  if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(PAGE)));
    return;
  }
  const path = new URL(event.request.url).pathname;
  if (KEPT.includes(path)) {
    event.respondWith(fetch(event.request).catch(() => caches.match(event.request)));
  }
});
