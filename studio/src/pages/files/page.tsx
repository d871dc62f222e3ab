/** The files beside the workflows: tables.yaml, and the templates of emails and pages. */
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { FileText, Mail, PanelTop, Plus, Table2 } from "lucide-react";
import type { ReactNode } from "react";
import { useMay } from "@/api/session";
import { usePathParams } from "@/browser/path-params";
import { useSearchParams } from "@/browser/search-params";
import { SideList } from "@/components/side-list";
import { Badge, Button, EmptyState, ErrorNote, PageBody, PageHeader, Skeleton } from "@/ui";
import { files, type FileEntry } from "./api";
import { FileView } from "./file-view";
import { NewFile } from "./new-file";
import type { FileKind } from "./starters";
import "./files.css";

const ICONS: Record<string, ReactNode> = { emails: <Mail aria-hidden />, pages: <PanelTop aria-hidden /> };

export function Page() {
  const { id } = usePathParams();
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const list = useQuery({ queryKey: ["files"], queryFn: ({ signal }) => files.list(signal) });
  const may = useMay("admin") && list.data?.editable === true;
  if (!list.data) {
    return (
      <PageBody wide>
        <PageHeader title="Files" />
        {list.isError ? <ErrorNote error={list.error} retry={() => void list.refetch()} /> : <Skeleton />}
      </PageBody>
    );
  }
  const all = list.data.data;
  const adding = may && (search["new"] === "email" || search["new"] === "page") ? search["new"] : undefined;
  const actions = may && <NewButtons create={(kind) => setSearch({ new: kind })} />;
  const below = (folder: string) => all.filter((file) => file.path.startsWith(`${folder}/`)).map(itemOf);
  return (
    <PageBody wide>
      <SideList
        label="Files"
        one="File"
        groups={[
          { title: "Tables", items: all.filter((file) => !file.path.includes("/")).map(itemOf) },
          { title: "Emails", items: below("emails") },
          { title: "Pages", items: below("pages") },
        ]}
        current={id}
        link={(path, attributes) => <Link to="/files/$id" params={{ id: path }} {...attributes} />}
        onChoose={(path) => void navigate({ to: "/files/$id", params: { id: path } })}
      >
        {id === undefined ? (
          <NoneOpen editable={list.data.editable} actions={actions} />
        ) : (
          <FileView key={id} path={id} actions={actions} />
        )}
      </SideList>
      {adding && (
        <NewFile
          kind={adding}
          known={new Set(all.map((file) => file.path))}
          close={() => setSearch({ new: undefined })}
        />
      )}
    </PageBody>
  );
}

function itemOf(file: FileEntry) {
  const folder = file.path.split("/")[0] ?? "";
  return {
    value: file.path,
    label: file.path.replace(/^(emails|pages)\//, "").replace(/\.(mjml|html)\.j2$/, ""),
    icon: ICONS[folder] ?? <Table2 aria-hidden />,
    badge: file.errors > 0 ? <Badge tone="bad">{file.errors}</Badge> : null,
  };
}

function NewButtons({ create }: { create: (kind: FileKind) => void }) {
  return (
    <>
      <Button icon={<Plus aria-hidden />} onClick={() => create("email")}>
        New email
      </Button>
      <Button icon={<Plus aria-hidden />} onClick={() => create("page")}>
        New page
      </Button>
    </>
  );
}

function NoneOpen({ editable, actions }: { editable: boolean; actions: ReactNode }) {
  return (
    <>
      <PageHeader title="Files" actions={actions}>
        Your tables, and the templates of your emails and pages.
      </PageHeader>
      <EmptyState icon={FileText} title="No file selected">
        {editable
          ? "Select a file to edit it. What you save is in use at once."
          : "Select a file to read it. Files are changed in development, and deployed."}
      </EmptyState>
    </>
  );
}
