/** Colors for templates: Jinja's tags, markup, quoted values, comments. */
import { StreamLanguage, type StreamParser } from "@codemirror/language";

interface State {
  /** What ends the Jinja tag or comment that the line is in. */
  until: string | null;
  markup: boolean;
}

const parser: StreamParser<State> = {
  startState: () => ({ until: null, markup: false }),
  token(stream, state) {
    if (state.until !== null) {
      const { until } = state;
      if (stream.skipTo(until)) {
        stream.match(until);
        state.until = null;
      } else stream.skipToEnd();
      return until === "#}" || until === "-->" ? "comment" : "keyword";
    }
    const opened = [
      ["{#", "#}"],
      ["{%", "%}"],
      ["{{", "}}"],
      ["<!--", "-->"],
    ].find(([open = ""]) => stream.match(open));
    if (opened) {
      state.until = opened[1] ?? null;
      return opened[0] === "{#" || opened[0] === "<!--" ? "comment" : "keyword";
    }
    if (stream.match(/^<\/?[A-Za-z][\w-]*/)) {
      state.markup = true;
      return "typeName";
    }
    if (state.markup && stream.match(/^\/?>/)) {
      state.markup = false;
      return "typeName";
    }
    if (state.markup && stream.match(/^"[^"{]*"?/)) return "string";
    if (state.markup && stream.match(/^[\w-]+(?==)/)) return "propertyName";
    if (stream.sol() && stream.match(/^[a-z_]+(?=:)/)) return "propertyName";
    stream.next();
    return null;
  },
};

export const template = StreamLanguage.define(parser);
