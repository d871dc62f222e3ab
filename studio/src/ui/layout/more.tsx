import { useEffect, useRef } from "react";
import { Button } from "@/ui/basics/button";

/** At the end of a list: loads the next page when it becomes visible, and by a button. */
export function More({ has, loading, load }: { has: boolean; loading: boolean; load: () => void }) {
  const mark = useRef<HTMLDivElement>(null);
  const newest = useRef(load);
  newest.current = load;
  useEffect(() => {
    if (!has || loading || !mark.current || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && newest.current(),
      { rootMargin: "300px" },
    );
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [has, loading]);
  if (!has) return null;
  return (
    <div ref={mark} className="more">
      <Button kind="quiet" busy={loading} onClick={load}>
        Show more
      </Button>
    </div>
  );
}
