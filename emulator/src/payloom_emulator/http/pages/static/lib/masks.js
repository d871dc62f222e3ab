// Keeps an input in its written form while the person types, with the caret where they expect it.

export function mask(input, format) {
  let before = input.value;
  const apply = () => {
    const caret = input.selectionStart ?? input.value.length;
    const deleting = input.value.length < before.length;
    const significant = input.value.slice(0, caret).replace(/[^0-9a-z]/gi, "").length;
    let next = format(input.value);
    if (deleting) next = next.replace(/[\s/]+$/, "");
    if (next !== input.value) {
      const atEnd = caret === input.value.length;
      input.value = next;
      if (document.activeElement === input) {
        const place = atEnd ? next.length : positionAfter(next, significant);
        input.setSelectionRange(place, place);
      }
    }
    before = input.value;
  };
  input.addEventListener("input", apply);
  apply();
  return apply;
}

function positionAfter(text, significant) {
  let seen = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (seen === significant) return i;
    if (/[0-9a-z]/i.test(text[i])) seen += 1;
  }
  return text.length;
}

export const digitsOnly = (limit) => (text) => text.replace(/\D/g, "").slice(0, limit);
