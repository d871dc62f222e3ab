// Fields of the frames: an input with its label and its error, which knows whether it is empty, complete or wrong.

import { brandOf, cvcProblem, digitsOf, expiryProblem, formatExpiry, formatIban, formatNumber, ibanProblem, numberProblem, parseExpiry, postalProblem } from "../lib/card.js";
import { digitsOnly, mask } from "../lib/masks.js";

export function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else if (name === "text") made.textContent = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter(Boolean));
  return made;
}

export class Field {
  // problem(value) gives a validation error or null; eager: auto-advance to the next field once complete.
  constructor({ name, label, format, problem, bare = false, hideError = false, ...attributes }) {
    this.name = name;
    this.problem = problem;
    this.touched = false;
    this.input = node("input", {
      class: bare ? "Bare is-empty" : "Input",
      id: bare ? undefined : `Field-${name}Input`,
      name,
      type: "text",
      autocorrect: "off",
      spellcheck: "false",
      "aria-label": bare ? label : undefined,
      "aria-invalid": "false",
      ...attributes,
    });
    this.error = node("p", { class: "Error", id: `Field-${name}Error`, role: "alert", hidden: true });
    this.box = bare
      ? this.input
      : node("div", { class: "Field" }, node("label", { class: "Label", for: this.input.id, text: label }), this.input, hideError ? null : this.error);
    if (format) mask(this.input, format);
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("blur", () => {
      if (!this.empty) this.touched = true;
      this.show();
    });
  }

  get value() {
    return this.input.value;
  }

  get empty() {
    return this.value.trim() === "";
  }

  get wrong() {
    return this.problem?.(this.value) ?? null;
  }

  get complete() {
    return !this.wrong;
  }

  // Wrong (rather than only unfinished) is said while typing; unfinished is said on leaving or on submit.
  get shownProblem() {
    const wrong = this.wrong;
    if (!wrong || (this.empty && !this.demanded)) return null;
    return this.touched || !wrong.code.startsWith("incomplete") ? wrong : null;
  }

  #typed() {
    this.demanded = false;
    this.touched = false;
    this.show();
  }

  demand() {
    this.touched = true;
    this.demanded = true;
    this.show();
  }

  show() {
    const wrong = this.shownProblem;
    const classes = this.input.classList;
    if (classes.contains("Bare")) {
      classes.toggle("is-empty", this.empty);
      classes.toggle("is-complete", this.complete && !this.empty);
      classes.toggle("is-invalid", Boolean(wrong));
    } else {
      classes.toggle("Input--invalid", Boolean(wrong));
    }
    this.input.setAttribute("aria-invalid", String(Boolean(wrong)));
    this.error.hidden = !wrong;
    this.error.textContent = wrong?.message ?? "";
    if (wrong && this.error.isConnected) this.input.setAttribute("aria-describedby", this.error.id);
    else this.input.removeAttribute("aria-describedby");
  }

  set(value) {
    this.input.value = value;
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  clear() {
    this.demanded = false;
    this.touched = false;
    this.set("");
  }
}

export const numberField = (extra) => new Field({
  name: "number", label: "Card number", placeholder: "1234 1234 1234 1234", inputmode: "numeric", autocomplete: "cc-number",
  format: formatNumber, problem: numberProblem, ...extra,
});

export const expiryField = (extra) => new Field({
  name: "expiry", label: "Expiration date", placeholder: "MM / YY", inputmode: "numeric", autocomplete: "cc-exp",
  format: formatExpiry, problem: (value) => expiryProblem(value), ...extra,
});

export const cvcField = (number, extra) => new Field({
  name: "cvc", label: "Security code", placeholder: "CVC", inputmode: "numeric", autocomplete: "cc-csc",
  format: digitsOnly(4), problem: (value) => cvcProblem(value, number?.value ?? ""), ...extra,
});

export const postalField = (country, extra) => new Field({
  name: "postalCode", label: "ZIP code", placeholder: "12345", autocomplete: "postal-code", maxlength: "12",
  problem: (value) => postalProblem(value, country()), ...extra,
});

export const ibanField = (extra) => new Field({
  name: "iban", label: "IBAN", placeholder: "DE00 0000 0000 0000 0000 00", autocomplete: "off", format: formatIban, problem: ibanProblem, ...extra,
});

export const requiredField = (message, extra) => new Field({
  problem: (value) => (value.trim() ? null : { type: "validation_error", code: `incomplete_${extra.name}`, message }), ...extra,
});

export const emailField = (extra) => new Field({
  name: "email", label: "Email", type: "email", placeholder: "you@example.com", autocomplete: "email",
  problem: (value) => (/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(value.trim()) ? null : { type: "validation_error", code: value.trim() ? "invalid_email" : "incomplete_email", message: value.trim() ? "Your email is invalid." : "Your email is incomplete." }),
  ...extra,
});

// Moves on to the next field once the number, the date or the code is complete, as people expect of card forms.
export function autoAdvance(fields) {
  fields.slice(0, -1).forEach((field, index) => {
    let was = field.complete;
    field.input.addEventListener("input", () => {
      const now = field.complete;
      if (now && !was && document.activeElement === field.input && field.input.selectionStart === field.value.length) {
        fields[index + 1].input.focus();
      }
      was = now;
    });
    fields[index + 1].input.addEventListener("keydown", (event) => {
      if (event.key === "Backspace" && fields[index + 1].empty) {
        event.preventDefault();
        field.input.focus();
      }
    });
  });
}

export const cardOf = ({ number, expiry, cvc }) => ({
  number: digitsOf(number), ...parseExpiry(expiry), ...(cvc ? { cvc: digitsOf(cvc) } : {}),
});

export function brandMark(number) {
  const mark = node("span", { class: "Brand", "aria-hidden": "true" });
  const paint = () => {
    const kind = brandOf(number.value);
    mark.dataset.brand = kind.brand;
    mark.textContent = kind.brand === "unknown" ? "" : kind.label;
  };
  number.input.addEventListener("input", paint);
  paint();
  return mark;
}
