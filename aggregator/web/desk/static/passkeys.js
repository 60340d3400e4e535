// Passkeys: asks the device for one, or for a signature, and sends the answer with the form.
"use strict";
const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

async function ask(form) {
  let given = form.dataset.options;
  if (!given) {
    const body = new URLSearchParams(new FormData(form));
    const response = await fetch(form.dataset.url, { method: "POST", body });
    if (!response.ok) throw new Error("The server did not answer; reload the page and try again.");
    given = await response.text();
  }
  const publicKey = JSON.parse(given);
  const challenge = publicKey.challenge;
  publicKey.challenge = toBytes(challenge);
  if (publicKey.user) publicKey.user.id = toBytes(publicKey.user.id);
  for (const list of [publicKey.allowCredentials, publicKey.excludeCredentials])
    for (const each of list || []) each.id = toBytes(each.id);
  const found = await navigator.credentials[form.dataset.passkey]({ publicKey });
  const response = { clientDataJSON: toText(found.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
    if (found.response[name]) response[name] = toText(found.response[name]);
  const credential = { id: found.id, rawId: toText(found.rawId), type: found.type, response };
  form.elements.answer.value = JSON.stringify({ credential, challenge });
  form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const problem = form.querySelector(".problem");
    problem.textContent = "";
    ask(form).catch((error) => {
      problem.textContent = error.name === "NotAllowedError"
        ? "The passkey was not used." : error.message;
    });
  });
}
