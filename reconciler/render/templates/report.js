"use strict";

(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const lower = (node) => node.textContent.toLowerCase();
  const filter = byId("filter");
  if (!filter) return;

  const cards = all(".card").map((card) => {
    const name = lower(card.querySelector("h3"));
    const parts = all(".part", card).map((part) => {
      const heading = `${name}\n${lower(part.querySelector("h4"))}\n`;
      const scope = part.querySelector(".scope");
      const rows = all("tbody tr", part).map((row) => ({
        element: row,
        verb: row.className,
        key: lower(row.querySelector("th")),
        text: heading + lower(row),
      }));
      return { element: part, scope: scope ? scope.textContent : "", rows };
    });
    return { element: card, name, parts };
  });
  const total = all(".card tbody tr").length;
  const choices = all("input[type=checkbox]", filter);
  const fields = ["text", "contact", "scope", "key"].map(byId);
  const [text, contact, scope, key] = fields;

  const show = (item, shown) => {
    if (item.element.hidden === shown) item.element.hidden = !shown;
  };
  const sum = (items, count) => items.reduce((total, item) => total + count(item), 0);
  const number = (count) => count.toLocaleString("en");

  /* What is inside of a hidden card is left as it is: to touch as little as possible is what keeps this fast. */
  const paint = (card) => {
    show(card, card.count > 0);
    if (card.count === 0) return;
    for (const part of card.parts) {
      show(part, part.count > 0);
      if (part.count > 0) for (const row of part.rows) show(row, row.matches);
    }
  };

  const apply = () => {
    const [word, who, what] = [text, contact, key].map((field) => field.value.trim().toLowerCase());
    const verbs = new Set(choices.filter((choice) => choice.checked).map((choice) => choice.value));
    const countRow = (row) => {
      row.matches = verbs.has(row.verb) && row.key.includes(what) && row.text.includes(word);
      return Number(row.matches);
    };
    const countPart = (part) => {
      part.count = !scope.value || part.scope === scope.value ? sum(part.rows, countRow) : 0;
      return part.count;
    };
    for (const card of cards) {
      card.count = card.name.includes(who) ? sum(card.parts, countPart) : 0;
      paint(card);
    }
    const rows = sum(cards, (card) => card.count);
    const contacts = cards.filter((card) => card.count > 0).length;
    byId("shown").textContent =
      `Showing ${number(rows)} of ${number(total)} rows, ${number(contacts)} of ${number(cards.length)} contacts`;
    byId("nothing").hidden = rows > 0;
  };

  /* On a large page the first letters of a word match almost everything, so wait for the rest of it. */
  const patience = total > 2000 ? 150 : 0;
  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, patience);
  };

  const clear = () => {
    for (const field of fields) field.value = "";
    for (const choice of choices) choice.checked = choice.defaultChecked;
    apply();
    text.focus();
  };

  const fold = byId("fold");
  const open = (wanted) => {
    for (const card of cards) card.element.open = wanted;
    fold.setAttribute("aria-expanded", String(wanted));
    fold.textContent = wanted ? "Fold all" : "Unfold all";
  };

  filter.addEventListener("input", soon);
  fold.addEventListener("click", () => open(fold.getAttribute("aria-expanded") !== "true"));
  byId("clear").addEventListener("click", clear);
  byId("clear-too").addEventListener("click", clear);

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all(".card:not([open]), .notices details:not([open])");
    for (const details of folded) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
  });

  /* A few rows need no filter, and on a phone it would fill the screen. */
  byId("more").open = total >= 20 && !matchMedia("(max-width: 46rem)").matches;

  filter.hidden = false;
  apply();
})();
