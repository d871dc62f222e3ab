import "./words.css";

/** A sentence of the server: it begins like one, and what it puts between backticks is code. */
export function Words({ text }: { text: string }) {
  return (
    <>
      {opened(text)
        .split("`")
        .map((part, at) =>
          at % 2 === 1 ? (
            <code key={at} className="word">
              {part}
            </code>
          ) : (
            part
          ),
        )}
    </>
  );
}

/** The same, where no markup can be: in a title or a label. */
export const unmarked = (text: string): string => text.replaceAll("`", "");

/** The server's messages and hints begin with a small letter. Names stay as they are: `orders.total`, `success_url`. */
const opened = (text: string): string =>
  text.replace(/^[a-z]+(?=[ ,']|$)/, (word) => word.charAt(0).toUpperCase() + word.slice(1));

/** A message before its hint ends like a sentence. */
export const ended = (text: string): string => (/[.!?:]$/.test(text) ? text : `${text}.`);

/** A message and its hint, as sentences. */
export function sentences(...parts: (string | null | undefined)[]): string {
  return parts
    .filter((part): part is string => Boolean(part))
    .map((part, index, all) => opened(index < all.length - 1 ? ended(part) : part))
    .join(" ");
}
