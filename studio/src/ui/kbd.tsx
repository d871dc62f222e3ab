import "./kbd.css";

const MAC = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);
const NAMES: Record<string, string> = {
  mod: MAC ? "⌘" : "Ctrl",
  shift: MAC ? "⇧" : "Shift",
  alt: MAC ? "⌥" : "Alt",
  enter: "↵",
  escape: "Esc",
  up: "↑",
  down: "↓",
};

/** A shortcut: `mod+k`, or keys one after the other: `g r`. */
export function Kbd({ keys }: { keys: string }) {
  return (
    <span className="kbd">
      {keys.split(/[ +]/).map((key, index) => (
        <kbd key={index}>{NAMES[key.toLowerCase()] ?? key.toUpperCase()}</kbd>
      ))}
    </span>
  );
}
