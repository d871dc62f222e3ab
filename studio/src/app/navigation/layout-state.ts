/** Which overlays of the layout are open: the palette and the list of shortcuts. */
import { create } from "zustand";

interface LayoutState {
  palette: boolean;
  help: boolean;
  set: (change: Partial<Pick<LayoutState, "palette" | "help">>) => void;
}

export const useLayoutState = create<LayoutState>((set) => ({ palette: false, help: false, set }));
