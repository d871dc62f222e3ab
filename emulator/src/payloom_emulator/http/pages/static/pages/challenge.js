// 3-D Secure: the person completes or fails the challenge; then back to where they came from.

import { request } from "../lib/api.js";
import { ready } from "../lib/ready.js";
import { reportHeight, tell } from "./frame-height.js";

const card = document.querySelector("#challenge");
const alert = document.querySelector("#alert");
const { intent, secret, framed, returnUrl } = card.dataset;
reportHeight(card);

async function settle(outcome) {
  for (const button of card.querySelectorAll("button")) button.disabled = true;
  const answer = await request("POST", `/_emulator/3ds/${intent}/${outcome}`, { client_secret: secret });
  if (!answer.ok) {
    alert.textContent = answer.error.message;
    alert.hidden = false;
    for (const button of card.querySelectorAll("button")) button.disabled = false;
    return;
  }
  if (framed === "yes") {
    tell({ payloom: "challenge", outcome });
    return;
  }
  window.location.assign(answer.body.return_url ?? returnUrl);
}

document.querySelector("#test-source-authorize-3ds")?.addEventListener("click", () => settle("complete"));
document.querySelector("#test-source-fail-3ds")?.addEventListener("click", () => settle("fail"));
ready();
