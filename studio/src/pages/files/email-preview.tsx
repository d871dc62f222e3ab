/** An email as its template makes it, with data that can be changed. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { client, take } from "@/api/client";
import { EmailFrame } from "@/components/email/frame";
import { Code, ErrorNote, Field, sentences, Skeleton, Tabs, Words } from "@/ui";

interface EmailPreviewProps {
  path: string;
  /** As it is typed; null shows the saved one. */
  text: string | null;
}

/** What was typed as data: null until it is a JSON object. */
function dataOf(typed: string | null): Record<string, unknown> | null {
  if (typed === null) return null;
  try {
    const value: unknown = JSON.parse(typed);
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function useEmailPreview(path: string, text: string | null, data: Record<string, unknown> | null) {
  return useQuery({
    queryKey: ["email-preview", path, text, data],
    queryFn: ({ signal }) => take(client.POST("/files/preview", { body: { path, text, data }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 0,
    retry: false,
  });
}

export function EmailPreview({ path, text }: EmailPreviewProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const [view, setView] = useState("html");
  const data = dataOf(typed);
  const rendered = useEmailPreview(path, useDeferredValue(text), useDeferredValue(data));
  if (rendered.error) return <ErrorNote error={rendered.error} retry={() => void rendered.refetch()} compact />;
  if (!rendered.data) return <Skeleton lines={6} />;
  const mail = rendered.data;
  return (
    <section className="email-preview" aria-label="Preview">
      <h2>Preview</h2>
      {mail.problem ? (
        <p className="email-preview-problem" role="alert">
          <Words text={sentences(mail.problem.message, mail.problem.hint)} />
          {mail.problem.where && <code> {mail.problem.where}</code>}
        </p>
      ) : (
        <p>
          <span className="soft">Subject:</span> <strong>{mail.subject}</strong>
        </p>
      )}
      <Tabs
        label="Preview as"
        value={view}
        onChange={setView}
        tabs={[
          { id: "html", label: "HTML", content: <EmailFrame title={`Preview of ${mail.subject}`} html={mail.html} /> },
          {
            id: "phone",
            label: "Phone",
            content: <EmailFrame title={`Preview of ${mail.subject}`} html={mail.html} phone />,
          },
          { id: "text", label: "Text", content: <Code text={mail.text} label="text of the email" wrap /> },
          {
            id: "data",
            label: "Data",
            content: (
              <Data
                typed={typed ?? JSON.stringify(mail.data, null, 2)}
                valid={typed === null || data !== null}
                onChange={setTyped}
              />
            ),
          },
        ]}
      />
    </section>
  );
}

function Data({ typed, valid, onChange }: { typed: string; valid: boolean; onChange: (text: string) => void }) {
  return (
    <Field
      label="The step's data"
      hint="Made up from the names that the template reads. Change it to see other emails; nothing is saved or sent."
      error={valid ? undefined : "This isn't a JSON object yet. The preview shows the last one that was."}
    >
      {(attributes) => (
        <textarea
          {...attributes}
          className="input input-mono"
          rows={12}
          spellCheck={false}
          value={typed}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
