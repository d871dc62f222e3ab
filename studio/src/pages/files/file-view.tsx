/** One file: its text, whether it is saved, what is wrong with it, and its actions. */
import { ExternalLink, Save } from "lucide-react";
import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import { useMay } from "@/api/session";
import { Badge, Button, count, ErrorNote, Kbd, PageHeader, Skeleton, Status, Time, Words } from "@/ui";
import { CompareDialog } from "@/editor/codemirror/compare-dialog";
import type { ProjectFile } from "./api";
import { EmailPreview } from "./email-preview";
import { useOpenFile, type OpenFile } from "./use-file";

const FileText = lazy(() => import("./file-text").then((module) => ({ default: module.FileText })));

export function FileView({ path, actions }: { path: string; actions: ReactNode }) {
  const open = useOpenFile(path);
  const file = open.query.data;
  const may = useMay("admin") && file?.editable === true;
  const [line, setLine] = useState<{ number: number; asked: number } | null>(null);
  useSaveKey(open.save);
  if (!file) {
    return (
      <>
        <PageHeader title={path} />
        {open.query.isError ? (
          <ErrorNote error={open.query.error} retry={() => void open.query.refetch()} />
        ) : (
          <Skeleton lines={10} />
        )}
      </>
    );
  }
  return (
    <div className="file">
      <PageHeader
        title={path}
        badge={<State file={file} open={open} may={may} />}
        actions={
          <>
            {actions}
            <Actions path={path} open={open} may={may} />
          </>
        }
      />
      <Notes open={open} />
      <Suspense fallback={<Skeleton lines={10} />}>
        <FileText
          path={path}
          text={open.text}
          readOnly={!may}
          findings={file.diagnostics}
          line={line}
          onChange={open.setText}
        />
      </Suspense>
      <p id="file-keys" className="faint file-keys">
        Tab indents. Esc, then Tab leaves the text.
      </p>
      <Findings
        findings={file.diagnostics}
        onShow={(number) => setLine((before) => ({ number, asked: (before?.asked ?? 0) + 1 }))}
      />
      {isEmail(path) && <EmailPreview path={path} text={may && open.unsaved ? open.text : null} />}
    </div>
  );
}

/** Parts that other templates include are no emails. */
const isEmail = (path: string): boolean => path.startsWith("emails/") && !/(^|\/)_[^/]*$/.test(path);

function useSaveKey(save: () => void): void {
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (!(event.metaKey || event.ctrlKey) || event.altKey || event.key.toLowerCase() !== "s") return;
      event.preventDefault();
      save();
    };
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, [save]);
}

function State({ file, open, may }: { file: ProjectFile; open: OpenFile; may: boolean }) {
  const errors = file.diagnostics.filter((finding) => finding.severity === "error").length;
  return (
    <span role="status" className="file-state">
      {!may && <Badge>Read only</Badge>}
      {open.unsaved ? (
        <Badge tone="warn" title="These edits aren't in the file yet. This browser keeps them.">
          Unsaved
        </Badge>
      ) : errors > 0 ? (
        <Badge tone="bad" title="The server doesn't use the file as it is.">
          {count(errors, "error")}
        </Badge>
      ) : (
        <Badge tone="good">In use</Badge>
      )}
    </span>
  );
}

function Actions({ path, open, may }: { path: string; open: OpenFile; may: boolean }) {
  const address = path.startsWith("pages/") ? /^path:\s*(\/[^\s{}]*)\s*$/m.exec(open.text)?.[1] : undefined;
  return (
    <>
      {address !== undefined && (
        <Button asChild>
          <a href={address} target="_blank" rel="noreferrer">
            <ExternalLink aria-hidden /> Open the page
          </a>
        </Button>
      )}
      {may && (
        <Button
          kind="primary"
          icon={<Save aria-hidden />}
          busy={open.saving}
          disabled={!open.unsaved || open.conflict !== null}
          onClick={open.save}
        >
          Save
          <Kbd keys="mod+s" />
        </Button>
      )}
    </>
  );
}

/** Edits that came back with the page, and a file that somebody else changed. */
function Notes({ open }: { open: OpenFile }) {
  const [comparing, setComparing] = useState(false);
  if (open.conflict !== null) {
    return (
      <div className="file-note" role="alert">
        <span>The file changed on disk since your edits began. Both texts are kept: compare them and choose.</span>
        <Button size="s" onClick={() => setComparing(true)}>
          Compare
        </Button>
        {comparing && (
          <CompareDialog
            file={open.conflict}
            mine={open.text}
            onUseFile={open.useFile}
            onKeepMine={open.keepMine}
            onClose={() => setComparing(false)}
          />
        )}
      </div>
    );
  }
  if (open.restored === null) return null;
  return (
    <div className="file-note" role="status">
      <span>
        Restored unsaved changes from <Time at={open.restored} />.
      </span>
      <Button size="s" kind="quiet" onClick={open.useFile}>
        Discard
      </Button>
    </div>
  );
}

function Findings({ findings, onShow }: { findings: ProjectFile["diagnostics"]; onShow: (line: number) => void }) {
  if (findings.length === 0) return null;
  return (
    <section aria-label="Problems">
      <ul className="file-findings">
        {findings.map((finding, index) => (
          <li key={index}>
            <Status status={finding.severity === "advice" ? "hint" : finding.severity} quiet />
            <button type="button" onClick={() => onShow(finding.start.line)}>
              Line {finding.start.line}
            </button>
            <span>
              <Words text={finding.message} />
              {finding.hint && (
                <span className="soft">
                  {" "}
                  <Words text={finding.hint} />
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
