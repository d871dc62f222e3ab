// A button that needs a script is disabled in the HTML: a click before the script runs would be lost, and a form sent
// without it would carry the card's number to the server. Each page calls this once its listeners are in place.

export function ready() {
  for (const button of document.querySelectorAll("[data-awaits-script]")) {
    button.disabled = false;
    delete button.dataset.awaitsScript;
  }
}
