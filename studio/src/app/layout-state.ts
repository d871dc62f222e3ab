/** What of the frame is open: the palette and the list of shortcuts. */
import { create } from "zustand";

interface Shell {
  palette: boolean;
  help: boolean;
  set: (change: Partial<Pick<Shell, "palette" | "help">>) => void;
}

export const useShell = create<Shell>((set) => ({ palette: false, help: false, set }));
