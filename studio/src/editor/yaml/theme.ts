/** How code looks in the editor: only tokens of the studio, so both themes follow. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--accent-ink)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: [tags.keyword, tags.labelName, tags.typeName], color: "var(--info)" },
  { tag: tags.comment, color: "var(--ink-faint)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--ink-soft)" },
]);

const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "transparent", fontSize: "var(--text-mono)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px", fontVariantLigatures: "none" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "1.5px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent)",
  },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-faint)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 8px 0 12px", minWidth: "36px" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--ink)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--ink) 3%, transparent)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--bg-active)", border: "none", color: "var(--ink-soft)", padding: "0 6px" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--bg-active)", outline: "1px solid var(--line-strong)" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-soft)", outline: "1px solid var(--warn)" },
  ".cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, var(--warn) 32%, transparent)" },
  ".cm-selectionMatch": { backgroundColor: "var(--bg-active)" },
  ".cm-panels": { backgroundColor: "var(--bg-side)", color: "var(--ink)", borderColor: "var(--line)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "8px 32px 8px 12px", fontFamily: "var(--font)", fontSize: "var(--text-s)" },
  ".cm-panel.cm-search label": { fontSize: "var(--text-s)" },
  ".cm-textfield": { backgroundColor: "var(--bg)", border: "1px solid var(--line-strong)", borderRadius: "4px", fontFamily: "var(--mono)", color: "var(--ink)" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--bg)", border: "1px solid var(--line-strong)", borderRadius: "4px", color: "var(--ink)" },
  ".cm-panel.cm-search [name=close]": { color: "var(--ink-soft)", fontSize: "18px", cursor: "pointer", right: "8px" },
  ".cm-tooltip": {
    backgroundColor: "var(--bg-raised)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "var(--radius)",
    boxShadow: "var(--shadow-l)", fontFamily: "var(--font)", fontSize: "var(--text-s)", overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12px", maxHeight: "260px", minWidth: "220px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", display: "flex", gap: "8px", alignItems: "baseline" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--ink)" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent-ink)", fontWeight: "600" },
  ".cm-completionDetail": { marginLeft: "auto", paddingLeft: "12px", color: "var(--ink-faint)", fontStyle: "normal" },
  ".cm-tooltip.cm-completionInfo": { padding: "8px 10px", maxWidth: "340px", lineHeight: "18px", overflow: "auto" },
  ".cm-completionIcon": { display: "none" },
  ".cm-diagnostic": { padding: "6px 10px", borderLeft: "3px solid var(--bad)", marginLeft: "0", lineHeight: "18px", maxWidth: "440px" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-diagnostic-info, .cm-diagnostic-hint": { borderLeftColor: "var(--info)" },
  ".cm-diagnosticAction": { backgroundColor: "var(--bg-active)", color: "var(--ink)", borderRadius: "4px", padding: "2px 8px", margin: "4px 0 0" },
  ".cm-lintRange": { backgroundImage: "none", paddingBottom: "0" },
  ".cm-lintRange-error": { textDecoration: "underline wavy var(--bad) 1.2px", textUnderlineOffset: "3px", textDecorationSkipInk: "none" },
  ".cm-lintRange-warning": { textDecoration: "underline wavy var(--warn) 1.2px", textUnderlineOffset: "3px", textDecorationSkipInk: "none" },
  ".cm-lintRange-info, .cm-lintRange-hint": { textDecoration: "underline dotted var(--info) 1.4px", textUnderlineOffset: "3px", textDecorationSkipInk: "none" },
  ".cm-lintRange-active": { backgroundColor: "transparent" },
  ".cm-gutter-lint": { width: "14px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0" },
  ".cm-lint-marker": { width: "8px", height: "8px", margin: "6px 3px", borderRadius: "50%", content: "none !important" },
  ".cm-lint-marker-error": { backgroundColor: "var(--bad)", borderRadius: "2px", content: "none" },
  ".cm-lint-marker-warning": { backgroundColor: "var(--warn)", content: "none", clipPath: "polygon(50% 0, 100% 100%, 0 100%)", borderRadius: "0" },
  ".cm-lint-marker-info, .cm-lint-marker-hint": { backgroundColor: "var(--info)", content: "none" },
  ".cm-step-selected": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)", boxShadow: "inset 2px 0 0 var(--accent)" },
  ".cm-placeholder": { color: "var(--ink-faint)" },
  ".cm-x": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)", borderRadius: "3px" },
  ".cm-x-brace": { color: "var(--ink-faint)" },
  ".cm-x-string": { color: "var(--good)" },
  ".cm-x-number, .cm-x-constant": { color: "var(--warn)" },
  ".cm-x-name": { color: "var(--ink)" },
  ".cm-x-call": { color: "var(--info)" },
  ".cm-x-operator, .cm-x-punctuation": { color: "var(--ink-soft)" },
  ".cm-x-comment": { color: "var(--ink-faint)", fontStyle: "italic" },
});

export const codeTheme: Extension = [look, syntaxHighlighting(colours)];
