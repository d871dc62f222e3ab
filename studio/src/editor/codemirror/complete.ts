/** Completion and hover from the server, for the text view and for single expressions. */
import type { Completion, CompletionItem, Hover } from "@/api/editor";
import {
  autocompletion,
  type Completion as Option,
  type CompletionContext,
  type CompletionResult,
  type CompletionSource,
} from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";
import type { Assist } from "../assist/assist";
import { plain } from "../assist/doc-text";
import { codePoints, utf16 } from "./text";

export type Ask = (text: string, points: number, signal: AbortSignal) => Promise<Completion>;

/** Options offered as one types: after a word character, a point or an opening; and always when asked for. */
const WORTH = /[\w.?$'":\s[{(-]$/;

export function completion(ask: Ask): Extension {
  const source: CompletionSource = async (context) => answer(context, ask);
  return autocompletion({
    override: [source],
    icons: false,
    maxRenderedOptions: 60,
    interactionDelay: 30,
    activateOnTypingDelay: 80,
  });
}

async function answer(context: CompletionContext, ask: Ask): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const before = text.slice(Math.max(0, context.pos - 40), context.pos);
  if (!context.explicit && !WORTH.test(before)) return null;
  const abort = new AbortController();
  context.addEventListener("abort", () => abort.abort(), { onDocChange: true });
  let completion: Completion;
  try {
    completion = await ask(text, codePoints(text, context.pos), abort.signal);
  } catch {
    // No completions are better than a dialog while typing; the next key asks again.
    return null;
  }
  if (completion.items.length === 0) return null;
  return {
    from: utf16(text, completion.from),
    to: Math.max(context.pos, utf16(text, completion.to)),
    options: completion.items.map(optionOf),
    validFor: /^\w*$/,
  };
}

function optionOf(item: CompletionItem, at: number): Option {
  const detail = item.type ?? item.detail ?? undefined;
  return {
    label: item.label,
    apply: item.insert ?? item.label,
    type: item.kind,
    boost: -Math.min(at, 99),
    ...(detail ? { detail } : {}),
    ...(item.doc || item.detail ? { info: () => docElement(item.doc ?? item.detail ?? "", item.type ?? null) } : {}),
  };
}

function docElement(doc: string, type: string | null): HTMLElement {
  const box = document.createElement("div");
  if (type !== null) {
    const head = box.appendChild(document.createElement("div"));
    head.className = "mono soft";
    head.textContent = type;
  }
  const text = box.appendChild(document.createElement("div"));
  text.textContent = plain(doc);
  return box;
}

export function hovers(assist: Assist, id: () => string): Extension {
  return hoverTooltip(
    async (view, pos) => {
      const text = view.state.doc.toString();
      let hover: Hover | null;
      try {
        hover = await assist.hover({ id: id(), text, offset: codePoints(text, pos) });
      } catch {
        return null;
      }
      if (hover === null || (!hover.title && !hover.doc && !hover.type)) return null;
      const from = utf16(text, hover.from);
      const to = utf16(text, hover.to);
      const dom = hoverElement(hover);
      return { pos: from, end: to, above: true, create: () => ({ dom }) };
    },
    { hoverTime: 350 },
  );
}

function hoverElement(help: Hover): HTMLElement {
  const box = document.createElement("div");
  box.className = "editor-hover";
  if (help.title || help.type) {
    const head = box.appendChild(document.createElement("div"));
    head.className = "editor-hover-head mono";
    head.textContent = [help.title, help.type].filter(Boolean).join(" · ");
  }
  if (help.doc) {
    const text = box.appendChild(document.createElement("div"));
    text.className = "editor-hover-doc";
    text.textContent = plain(help.doc);
  }
  if (help.link) box.appendChild(linkElement(help.link, "Documentation"));
  return box;
}

/** A link that opens beside the studio. Only addresses of the web and of this server. */
export function linkElement(href: string, words: string): HTMLElement {
  const link = document.createElement("a");
  link.textContent = words;
  link.className = "editor-link";
  if (/^(https?:\/\/|\/)/.test(href)) {
    link.href = href;
    link.target = "_blank";
    link.rel = "noreferrer";
  }
  return link;
}
