"use strict";
const leaveOut = (image) => {
  image.closest(".pictured")?.classList.remove("pictured");
  (image.closest(".picture, figure") ?? image).remove();
};
const isTiny = ({ naturalWidth, width }) => naturalWidth < 60 && width >= 60;
const isPicture = (image) => image instanceof HTMLImageElement && image.closest(".picture, .text");
document.addEventListener("error", ({ target }) => { if (isPicture(target)) leaveOut(target); }, true);
document.addEventListener("load", ({ target }) => { if (isPicture(target) && isTiny(target)) leaveOut(target); }, true);
for (const image of [...document.images]) {
  if (image.complete && isTiny(image) && isPicture(image)) leaveOut(image);
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.copied;
    } catch {
      window.prompt(button.textContent, button.dataset.copy);
    }
  });
}
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const field of document.querySelectorAll('form[action$="/digest"] [name="timezone"]')) {
  if (zone && (field.type === "hidden" || [...field.options].some(({ value }) => value === zone))) field.value = zone;
}
