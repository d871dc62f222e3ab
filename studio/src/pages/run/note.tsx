/** A remark at the top of a run: an icon, a sentence, and what belongs to it. */
import type { ReactNode } from "react";

export function Note({ icon, title, children }: { icon: ReactNode; title: ReactNode; children?: ReactNode }) {
  return (
    <div className="run-note" role="status">
      {icon}
      <div>
        <p>{title}</p>
        {children && <div className="soft">{children}</div>}
      </div>
    </div>
  );
}
