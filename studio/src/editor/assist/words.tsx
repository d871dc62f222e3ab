/** A sentence of the checker: what it puts between backticks is code. */
export function Words({ text }: { text: string }) {
  return (
    <>
      {text.split("`").map((part, at) =>
        at % 2 === 1 ? (
          <code key={at} className="form-word">
            {part}
          </code>
        ) : (
          part
        ),
      )}
    </>
  );
}
