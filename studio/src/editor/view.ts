/** How the editor shows the workflow; `view` in the address. */
export type View = "canvas" | "split" | "yaml" | "list";

const VIEWS: readonly View[] = ["canvas", "split", "yaml", "list"];

/** The view that the address names; the canvas when it names none. */
export function viewOf(name: string | undefined): View {
  return VIEWS.find((view) => view === name) ?? "canvas";
}
