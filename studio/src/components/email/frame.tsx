import { preview } from "./preview";
import "./frame.css";

/** An email's HTML as its reader sees it. Sandboxed without scripts: it may come from what a customer typed. */
export const EmailFrame = ({ title, html, phone }: { title: string; html: string; phone?: boolean }) => (
  <iframe
    title={title}
    className={phone ? "mail-frame mail-frame-phone" : "mail-frame"}
    sandbox=""
    srcDoc={preview(html)}
  />
);
