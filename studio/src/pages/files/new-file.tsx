/** A new template: an email, or a page with or without a Pay button. It opens in the editor. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useWorkflows } from "@/components/workflow-name";
import { CreateDialog } from "@/components/create-dialog";
import { Field, Input, Select } from "@/ui";
import { files } from "./api";
import { emailText, nameOf, pageText, pathOf, type FileKind, type PayEndpoint } from "./starters";

const WORDS = {
  email: { title: "New email", label: "Subject", placeholder: "Thank you for your order" },
  page: { title: "New page", label: "Title", placeholder: "Buy the guide" },
} as const;

export interface NewFileProps {
  kind: FileKind;
  known: ReadonlySet<string>;
  close: () => void;
}

export function NewFile({ kind, known, close }: NewFileProps) {
  const [title, setTitle] = useState("");
  const [typedAddress, setAddress] = useState<string | null>(null);
  const [endpoint, setEndpoint] = useState<PayEndpoint>();
  const words = WORDS[kind];
  const name = nameOf(title);
  const path = pathOf(kind, name);
  const address = typedAddress ?? ([...known].some((file) => /^pages\/(?!_)/.test(file)) || !name ? `/${name}` : "/");
  const exists = known.has(path);
  const create = useCreate(close);
  return (
    <CreateDialog
      size="s"
      title={words.title}
      disabled={!name || exists}
      request={create}
      onSubmit={() => {
        if (!name || exists) return;
        create.mutate({ path, text: kind === "email" ? emailText(title) : pageText(title, address, endpoint) });
      }}
      close={close}
    >
      <Field
        label={words.label}
        error={exists ? `There is a file ${path} already.` : undefined}
        hint={name ? path : undefined}
      >
        {(attributes) => (
          <Input
            {...attributes}
            value={title}
            placeholder={words.placeholder}
            onChange={(event) => setTitle(event.target.value)}
          />
        )}
      </Field>
      {kind === "page" && (
        <>
          <Address value={address} onChange={setAddress} />
          <PayButtonField value={endpoint} onChange={setEndpoint} />
        </>
      )}
    </CreateDialog>
  );
}

/** Creates the file and opens it. */
function useCreate(close: () => void) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ path, text }: { path: string; text: string }) => files.create(path, text),
    onSuccess: (file) => {
      cache.setQueryData(["files", file.path], file);
      void cache.invalidateQueries({ queryKey: ["files"], exact: true });
      void cache.invalidateQueries({ queryKey: ["me"] });
      close();
      void navigate({ to: "/files/$id", params: { id: file.path } });
    },
  });
}

function Address({ value, onChange }: { value: string; onChange: (address: string) => void }) {
  return (
    <Field label="Address" hint="Where visitors find the page. / is the start page.">
      {(attributes) => <Input {...attributes} mono value={value} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}

const PAY_HINT = "It calls a workflow and opens the url of its response: a Checkout session's.";

/** The `auth` of endpoints that guests can call. */
const OPEN: ReadonlySet<string> = new Set(["none", "optional"]);

const SignInHint = ({ endpoint }: { endpoint: PayEndpoint }) => (
  <>
    Only people who are signed in can call this workflow, so the page asks visitors to sign in. To sell to guests,{" "}
    <Link to="/workflows/$id" params={{ id: endpoint.workflow }} search={{ step: "on" }} className="link">
      change who can call it
    </Link>
    .
  </>
);

/** The workflow that a Pay button calls. */
function PayButtonField({
  value,
  onChange,
}: {
  value: PayEndpoint | undefined;
  onChange: (endpoint: PayEndpoint | undefined) => void;
}) {
  const workflows = useWorkflows();
  const endpoints = (workflows.data?.data ?? []).flatMap((workflow) =>
    workflow.triggers.flatMap((trigger) =>
      trigger.kind === "api" && trigger.method === "POST" && trigger.path && !trigger.path.includes("{")
        ? [
            {
              path: trigger.path,
              name: workflow.name,
              workflow: workflow.id,
              signIn: !(typeof trigger.auth === "string" && OPEN.has(trigger.auth)),
            },
          ]
        : [],
    ),
  );
  return (
    <Field label="Pay button" hint={value?.signIn ? <SignInHint endpoint={value} /> : PAY_HINT}>
      {(attributes) => (
        <Select
          {...attributes}
          value={value?.path ?? ""}
          onChange={(event) => onChange(endpoints.find(({ path }) => path === event.target.value))}
        >
          <option value="">None</option>
          {endpoints.map(({ path, name }) => (
            <option key={path} value={path}>
              {name} (POST {path})
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
