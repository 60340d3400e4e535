(() => {
  "use strict";
  const told = $DATA;
  const here = document.currentScript;
  if (!here || !here.parentNode) return;
  const make = (name, values, ...inside) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(values)) if (value) made.setAttribute(key, value);
    made.append(...inside);
    return made;
  };
  const day = (text) => {
    const moment = new Date(text);
    const form = { day: "numeric", month: "long", year: "numeric" };
    let words = text.slice(0, 10);
    try { words = moment.toLocaleDateString(told.lang === "en" ? "en-GB" : told.lang, form); } catch { /* an unknown language */ }
    return make("time", { datetime: text }, words);
  };
  const story = (one) => make("li", { lang: one.lang },
    make("a", { href: one.url }, one.title),
    make("span", { class: "credit" }, `${one.outlet} \u00b7 `, day(one.date)));
  const stories = told.stories.length
    ? make("ul", { role: "list" }, ...told.stories.map(story)) : make("p", {}, "No stories yet.");
  const place = make("aggregator-headlines", {});
  const root = place.attachShadow({ mode: "open" });
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(told.style);
    root.adoptedStyleSheets = [sheet];
  } catch { /* an old browser shows it plainly */ }
  root.append(make("section", { lang: told.lang, class: told.theme, "aria-label": told.title },
    make("h2", {}, make("a", { href: told.url }, told.title)),
    stories,
    make("p", {}, make("a", { href: told.home }, told.site))));
  here.after(place);
})();
