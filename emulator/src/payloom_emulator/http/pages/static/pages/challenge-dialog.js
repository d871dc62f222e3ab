// The 3-D Secure page in a dialog above Checkout. Resolves with the outcome, or with "closed".

export function challenge(dialog, intent) {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.title = "3-D Secure challenge";
    frame.src = `/_emulator/3ds/${intent.id}?client_secret=${encodeURIComponent(intent.client_secret)}&frame=1`;
    const finish = (outcome) => {
      window.removeEventListener("message", listen);
      dialog.removeEventListener("cancel", hold);
      dialog.close();
      dialog.replaceChildren();
      resolve(outcome);
    };
    const listen = (event) => {
      if (event.origin !== window.location.origin || event.source !== frame.contentWindow) return;
      if (event.data?.payloom === "challenge") finish(event.data.outcome);
      if (event.data?.payloom === "resize") frame.height = Math.min(event.data.height, 640);
    };
    // Leaving the challenge open would leave the payment half done: it is completed or failed, not dismissed.
    const hold = (event) => event.preventDefault();
    window.addEventListener("message", listen);
    dialog.addEventListener("cancel", hold);
    dialog.replaceChildren(frame);
    dialog.showModal();
    frame.addEventListener("load", () => frame.focus());
  });
}
