/** What the preview's frame shows. Pure. */

// Nothing can load: a URL in an email would report to its sender that it was opened.
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:";

/** The mail's HTML with a policy in front that lets it load nothing and run nothing. */
export function preview(html: string): string {
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><base target="_blank">${html}`;
}

/** Bytes as words: 512 B, 14 kB, 2.1 MB. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
