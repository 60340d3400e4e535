(() => {
  "use strict";
  const data = $DATA;
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
    try { words = moment.toLocaleDateString(data.lang === "en" ? "en-GB" : data.lang, form); } catch { /* an unknown language */ }
    return make("time", { datetime: text }, words);
  };
  const story = (one) => make("li", {},
    ...(one.image ? [make("img", { src: one.image, width: "80", height: "60", loading: "lazy", referrerpolicy: "no-referrer" })] : []),
    make("a", { href: one.url, lang: one.lang, dir: "auto" }, one.title), " ",
    make("span", { class: "credit" }, make("bdi", {}, one.outlet), " \u00b7 ", day(one.date)),
    ...(one.teaser ? [make("span", { class: "teaser", lang: one.lang, dir: "auto" }, one.teaser)] : []));
  const shown = (item) => {
    const image = item.querySelector("img");
    if (image) { image.alt = ""; image.addEventListener("error", () => image.remove()); }
    return item;
  };
  const stories = data.stories.length
    ? make("ul", { role: "list" }, ...data.stories.map((one) => shown(story(one)))) : make("p", { lang: data.words.lang }, data.words.empty);
  const place = make("aggregator-headlines", {});
  const root = place.attachShadow({ mode: "open" });
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(data.style);
    root.adoptedStyleSheets = [sheet];
  } catch { /* an old browser shows it plainly */ }
  root.append(make("section", { lang: data.lang, class: data.theme, "aria-label": data.title },
    make(data.heading, {}, make("a", { href: data.url }, data.title)),
    stories,
    ...(data.words.more ? [make("p", { class: "more", lang: data.words.lang }, make("a", { href: data.url }, data.words.more))] : []),
    make("p", {}, make("a", { href: data.home }, data.site))));
  here.after(place);
})();
