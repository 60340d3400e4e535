"use strict";
const leaveOut = (image) => {
  image.closest(".pictured")?.classList.remove("pictured");
  (image.closest(".picture") ?? image).remove();
};
const fails = (image) => image instanceof HTMLImageElement && image.closest(".picture, .text");
document.addEventListener("error", ({ target }) => { if (fails(target)) leaveOut(target); }, true);
for (const image of [...document.images]) {
  if (image.complete && !image.naturalWidth && fails(image)) leaveOut(image);
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
