/** Documentation texts of the server as plain text. */

/** Documentation without its markup: links become their words, only empty lines break it. */
export function plain(doc: string): string {
  return doc
    .replace(/\[([^\]]+)\]\([^)]+\)/g, "$1")
    .replace(/<\/?(?:a|b|i|p|em|strong|br|code|ul|ol|li|span|div)\b[^>]*>/g, "")
    .replace(/`/g, "")
    .replace(/([^\n])\n(?!\n)/g, "$1 ")
    .trim();
}

/** The first sentence of a documentation. */
export function firstSentence(doc: string): string {
  const words = plain(doc).replace(/\s+/g, " ");
  return /^.*?(?<!\b(?:e\.g|i\.e|etc))[.!?](?=\s|$)/.exec(words)?.[0] ?? words;
}
