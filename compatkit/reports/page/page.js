"use strict";
// Filters, order and keys of the list of flips. What it shows is in the page already: it hides,
// sorts and moves, and makes nothing of any text.
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const list = document.getElementById("articles");
  const search = document.getElementById("search");
  const order = document.getElementById("order");
  const count = document.getElementById("count");
  const keys = document.getElementById("keys");
  const selects = [...form.querySelectorAll("select[data-filter]")];
  const flips = [...list.children].map((article, place) => ({
    article,
    place,
    held: new Set(article.dataset.has.split(" ")),
    text: null,
  }));
  let sorted = flips;

  const textOf = (flip) => (flip.text ??= flip.article.textContent.toLowerCase());

  const ORDERS = {
    harm: (a, b) => a.place - b.place,
    id: (a, b) =>
      a.article.firstElementChild.firstElementChild.textContent.localeCompare(
        b.article.firstElementChild.firstElementChild.textContent, undefined, { numeric: true },
      ) || a.place - b.place,
    short: (a, b) => textOf(a).length - textOf(b).length || a.place - b.place,
  };

  const chosen = () => selects.map((select) => select.value).filter(Boolean);
  const isChosen = (held, tokens) => held.split(" ").every((token) => tokens.includes(token));

  const filter = () => {
    const tokens = chosen();
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const flip of flips) {
      const kept =
        tokens.every((token) => flip.held.has(token)) &&
        words.every((word) => textOf(flip).includes(word));
      if (flip.article.hidden === kept) flip.article.hidden = !kept;
      shown += kept;
    }
    const total = flips.length.toLocaleString("en");
    count.textContent = `${shown.toLocaleString("en")} of ${total}`;
    for (const button of buttons)
      button.setAttribute("aria-pressed", String(isChosen(button.dataset.token, tokens)));
  };

  const sort = () => {
    sorted = [...flips].sort(ORDERS[order.value]);
    list.append(...sorted.map((flip) => flip.article));
  };

  const reset = () => {
    search.value = "";
    for (const select of selects) select.value = "";
    filter();
  };

  // A row may hold a task's token and a slice's: a second click takes both back.
  const choose = (held) => {
    const again = isChosen(held, chosen());
    for (const token of held.split(" ")) {
      const select = selects.find((one) => [...one.options].some((o) => o.value === token));
      if (select) select.value = again ? "" : token;
    }
    filter();
  };

  // The rows of the tables filter the list; without this script they are but names.
  const buttons = [];
  for (const cell of document.querySelectorAll("th[data-token], td[data-token]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.token = cell.dataset.token;
    button.append(...cell.childNodes);
    button.addEventListener("click", () => choose(button.dataset.token));
    cell.replaceChildren(button);
    buttons.push(button);
  }

  const go = (article) => {
    article.tabIndex = -1;
    article.focus({ preventScroll: true });
    article.scrollIntoView({ block: "start" });
  };

  const step = (by) => {
    const shown = sorted.filter((flip) => !flip.article.hidden).map((flip) => flip.article);
    if (!shown.length) return;
    let at = shown.indexOf(document.activeElement?.closest("article"));
    if (at < 0) {
      const below = shown.findIndex((article) => article.getBoundingClientRect().bottom > 80);
      at = by > 0 ? below - 1 : Math.max(below, 0);
      if (below < 0) at = by > 0 ? shown.length - 2 : shown.length;
    }
    go(shown[Math.min(Math.max(at + by, 0), shown.length - 1)]);
  };

  const unfold = (article) => {
    const button = article?.querySelector(".whole");
    if (!button) return;
    const open = article.classList.toggle("open");
    button.textContent = open ? "show less" : "show all of it";
    button.setAttribute("aria-expanded", String(open));
  };

  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.parentElement !== list) return;
    if (target.hidden) reset();
    go(target);
  };

  const KEYS = {
    "/": () => { search.focus(); search.select(); },
    j: () => step(1),
    k: () => step(-1),
    o: () => unfold(document.activeElement?.closest("article")),
    "?": () => keys.showModal(),
    Escape: reset,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
    const typing = event.target.matches?.("input, select, textarea");
    if (typing && event.key === "Escape") {
      if (event.target === search && search.value) { search.value = ""; filter(); }
      else event.target.blur();
      event.preventDefault();
      return;
    }
    if (typing || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => { event.preventDefault(); reset(); });
  search.addEventListener("input", filter);
  for (const select of selects) select.addEventListener("change", filter);
  order.addEventListener("change", sort);
  document.getElementById("help").addEventListener("click", () => keys.showModal());
  keys.querySelector("button").addEventListener("click", () => keys.close());
  list.addEventListener("click", (event) => {
    if (event.target.matches(".whole")) unfold(event.target.closest("article"));
  });
  addEventListener("hashchange", follow);

  document.documentElement.classList.add("js");
  form.hidden = false;
  const broken = form.querySelector('option[value="negative"]');
  if (broken && !location.hash) broken.parentElement.value = "negative";
  filter();
  follow();
})();
