import "./words.css";

/** A sentence of the server: what it puts between backticks is code. */
export function Words({ text }: { text: string }) {
  return (
    <>
      {text.split("`").map((part, at) =>
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
