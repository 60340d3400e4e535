"use strict";
const form = document.getElementById("choose");
if (form) {
  const field = (id) => document.getElementById(id);
  const snippet = field("snippet"), copied = field("copied"), copy = field("copy");
  const text = (words) => words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
  const parameters = () => {
    const given = { limit: field("limit").value, theme: field("theme").value, without: field("without").value };
    if (given.limit === "5") delete given.limit;
    given.accent = field("accent").validity.valid ? field("accent").value.replace("#", "").toLowerCase() : "";
    given.heading = field("heading").value === "2" ? "" : field("heading").value;
    for (const name of ["teaser", "picture", "more"]) given[name] = field(name).checked ? "yes" : "";
    const named = Object.entries(given).filter(([, value]) => value);
    const query = new URLSearchParams(named).toString();
    return query ? `?${query}` : "";
  };
  const update = () => {
    const limit = field("limit");
    const isRight = limit.value !== "" && limit.checkValidity();
    field("hint").textContent = isRight ? "" : form.dataset.hint;
    copy.disabled = !isRight;
    if (!isRight) return;
    const base = form.dataset.base, topic = field("topic");
    const title = `${topic.selectedOptions[0].text}: ${form.dataset.site}`;
    const query = parameters();
    const perStory = field("teaser").checked ? 120 : field("picture").checked ? 84 : 70;
    const height = 110 + perStory * Number(limit.value);
    const isScript = form.elements.kind.value === "script";
    snippet.value = isScript
      ? `<script src="${text(`${base}/embed/${topic.value}.js${query}`)}" async></script>\n` +
        `<noscript><a href="${base}/topics/${topic.value}">${text(title)}</a></noscript>`
      : `<iframe src="${text(`${base}/embed/${topic.value}${query}`)}" title="${text(title)}" ` +
        `width="100%" height="${height}" frameborder="0" loading="lazy" ` +
        'sandbox="allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"></iframe>';
    const preview = field("preview");
    const address = preview.src.replace(/embed\/[^/]*$/, `embed/${topic.value}${query}`);
    if (preview.src !== address) preview.src = address;
    copied.textContent = "";
  };
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    snippet.select();
    try {
      await navigator.clipboard.writeText(snippet.value);
      copied.textContent = form.dataset.copied;
    } catch {
      copied.textContent = form.dataset.selected;
    }
  });
  update();
}
