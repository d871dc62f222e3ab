/** The texts of new templates. Pure. */

export type FileKind = "email" | "page";

/** "Thank you!" is "thank-you": a file name and a part of addresses. */
export function nameOf(title: string): string {
  return title
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60);
}

export const pathOf = (kind: FileKind, name: string): string =>
  kind === "email" ? `emails/${name}.mjml.j2` : `pages/${name}.html.j2`;

/** Values that a template shows as they are: Jinja's braces in them would be read. */
const plain = (text: string): string =>
  text
    .replaceAll(/[{}%#]/g, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .trim();

const quoted = (text: string): string => JSON.stringify(text.replaceAll(/[{}%#]/g, "").trim());

/** An email that says one thing. */
export function emailText(subject: string): string {
  return `---
subject: ${quoted(subject)}
---
<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text font-size="20px">${plain(subject)}</mj-text>
        <mj-text>Write the text here. A value from the step's data: {{ order.id | default("") }}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
`;
}

/** An endpoint that a Pay button calls. signIn: only for people who are signed in. */
export interface PayEndpoint {
  path: string;
  signIn: boolean;
  /** The workflow that it starts. */
  workflow: string;
}

/** A page; with the endpoint of a workflow, one with a button that calls it and opens the `url` of its response. */
export function pageText(title: string, address: string, endpoint: PayEndpoint | undefined): string {
  const button = endpoint
    ? `\n<payloom-pay-button endpoint="${endpoint.path}" data='{}'>Pay</payloom-pay-button>`
    : "\n<p>Write the page here.</p>";
  const script = endpoint
    ? `{% block head %}<script src="/_payloom/payloom.js" type="module" nonce="{{ csp_nonce }}"></script>{% endblock %}\n`
    : "";
  return `---
path: ${address}
auth: ${endpoint?.signIn ? "user" : "optional"}
title: ${quoted(title)}
---
{% extends payloom_layout %}
${script}{% block main %}
<h1>${plain(title)}</h1>${button}
{% endblock %}
`;
}
