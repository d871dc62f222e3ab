/** The theme: light, dark or the system's; stored in this browser. */
export type Theme = "system" | "light" | "dark";

const KEY = "payloom.studio.theme";

export function savedTheme(): Theme {
  const saved = localStorage.getItem(KEY);
  return saved === "light" || saved === "dark" ? saved : "system";
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset["theme"];
  } else {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset["theme"] = theme;
  }
}

/** Dark becomes light and the reverse, also when the system's choice was in use. */
export function switchTheme(): void {
  const dark =
    savedTheme() === "dark" || (savedTheme() === "system" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  applyTheme(dark ? "light" : "dark");
}
