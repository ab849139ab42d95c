// Charts: drawn from the JSON beside them, in the colours of the theme. The library is fetched only where there is one.
"use strict";
(() => {
  const library = document.currentScript.dataset.library;
  const drawn = new Map();
  let loading;

  const load = () => {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = library;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    return loading;
  };

  // A colour token as the canvas understands it: light-dark() is resolved by the browser on a real property.
  const probe = document.createElement("span");
  probe.hidden = true;
  const colour = (token) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const soft = (shade) => shade.replace(/^rgb\((.*)\)$/, "rgba($1, 0.14)");

  const written = (unit) => {
    const language = document.documentElement.lang || "en";
    if (!unit) return (value) => new Intl.NumberFormat(language).format(value);
    if (unit === "%") return (value) => `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(value)}%`;
    const whole = new Intl.NumberFormat(language, { style: "currency", currency: unit });
    const digits = whole.resolvedOptions().maximumFractionDigits;
    const short = new Intl.NumberFormat(language, { style: "currency", currency: unit, notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 0 });
    // The browser writes a hyphen where the page has a minus sign.
    return (value, axis) => (axis ? short : whole).format(value / 10 ** digits).replace("-", "−");
  };

  const dataset = (one, index, kind) => {
    const shade = colour(one.compare ? "ink-3" : `series-${(index % 5) + 1}`);
    if (kind === "doughnut") {
      return { label: one.name, data: one.values, backgroundColor: one.values.map((_, i) => colour(`series-${(i % 5) + 1}`)), borderColor: colour("surface"), borderWidth: 2 };
    }
    if (kind === "line") {
      return { label: one.name, data: one.values, borderColor: shade, backgroundColor: soft(shade), borderWidth: one.compare ? 1.5 : 2, borderDash: one.compare ? [4, 4] : [], fill: !one.compare && index === 0, cubicInterpolationMode: "monotone", pointRadius: 0, pointHoverRadius: 4, pointBackgroundColor: shade };
    }
    return { label: one.name, data: one.values, backgroundColor: one.compare ? soft(shade) : shade, borderColor: shade, borderWidth: one.compare ? 1 : 0, borderRadius: 3, maxBarThickness: 28 };
  };

  // Names beside bars leave room for the bars, on a phone too.
  const shortened = (name) => {
    const most = innerWidth < 640 ? 18 : 34;
    return name.length > most ? `${name.slice(0, most - 1).trimEnd()}…` : name;
  };

  const settings = (spec) => {
    const kind = { stacked: "bar", funnel: "bar" }[spec.kind] || spec.kind;
    const across = spec.kind === "funnel";
    const write = written(spec.unit);
    // Where everything is zero, one line says so; the library's own scale would write "$0" at every line.
    const blank = spec.series.every((one) => one.values.every((value) => !value));
    const amount = (value) => (blank && value ? "" : write(value, true));
    const axes = kind === "doughnut" ? {} : across ? {
      x: { beginAtZero: true, grid: { color: colour("line") }, border: { display: false }, ticks: { color: colour("ink-3"), maxTicksLimit: 5, callback: amount } },
      y: { grid: { display: false }, border: { color: colour("line-strong") }, ticks: { color: colour("ink-2"), autoSkip: false, callback: (_value, index) => shortened(spec.labels[index]) } },
    } : {
      x: { stacked: spec.kind === "stacked", grid: { display: false }, border: { color: colour("line-strong") }, ticks: { color: colour("ink-3"), maxRotation: 0, autoSkipPadding: 16 } },
      y: { stacked: spec.kind === "stacked", beginAtZero: true, grid: { color: colour("line") }, border: { display: false }, ticks: { color: colour("ink-3"), maxTicksLimit: 5, callback: amount } },
    };
    return {
      type: kind,
      data: { labels: spec.labels, datasets: spec.series.map((one, index) => dataset(one, index, kind)) },
      options: {
        indexAxis: across ? "y" : "x",
        responsive: true,
        maintainAspectRatio: false,
        animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? false : { duration: 250 },
        interaction: { mode: "index", axis: across ? "y" : "x", intersect: false },
        scales: axes,
        plugins: {
          legend: { display: spec.series.length > 1 || kind === "doughnut", position: kind === "doughnut" ? "right" : "bottom", align: "start", labels: { color: colour("ink-2"), boxHeight: 10, ...(kind === "line" ? { usePointStyle: true, pointStyle: "line", pointStyleWidth: 22 } : { boxWidth: 10, useBorderRadius: true, borderRadius: 2 }) } },
          tooltip: { backgroundColor: colour("ink"), titleColor: colour("surface"), bodyColor: colour("surface"), padding: 10, cornerRadius: 8, callbacks: { label: (item) => ` ${kind === "doughnut" ? item.label : item.dataset.label}: ${write(kind === "doughnut" ? item.parsed : across ? item.parsed.x : item.parsed.y)}` } },
        },
      },
    };
  };

  const draw = (figure) => {
    const canvas = figure.querySelector("canvas");
    drawn.get(canvas)?.destroy();
    window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    window.Chart.defaults.font.size = 12;
    drawn.set(canvas, new window.Chart(canvas, settings(JSON.parse(document.getElementById(figure.dataset.chart).textContent))));
  };

  const drawAll = async () => {
    const figures = [...document.querySelectorAll("[data-chart]")];
    for (const [canvas, chart] of drawn) {
      if (!canvas.isConnected) {
        chart.destroy();
        drawn.delete(canvas);
      }
    }
    if (!figures.length) return;
    await load();
    document.body.append(probe);
    figures.forEach(draw);
    probe.remove();
  };

  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.querySelector?.("[data-chart]") || event.detail.elt.matches?.("[data-chart]")) drawAll();
  });
  document.addEventListener("theme-changed", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
