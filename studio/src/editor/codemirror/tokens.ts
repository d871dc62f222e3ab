/** Words of an expression with their kinds, for colouring. The server is the only one who judges an expression. */

export type TokenKind = "string" | "number" | "constant" | "name" | "call" | "operator" | "punctuation" | "comment";

export interface Token {
  kind: TokenKind;
  from: number;
  to: number;
}

const WORDS = new Set(["true", "false", "null"]);
const RULES: [TokenKind | null, RegExp][] = [
  [null, /\s+/y],
  ["comment", /\/\/[^\n]*/y],
  [
    "string",
    /[rR]?(?:'''[\s\S]*?(?:'''|$)|"""[\s\S]*?(?:"""|$)|'(?:\\.|[^'\\\n])*(?:'|$|(?=\n))|"(?:\\.|[^"\\\n])*(?:"|$|(?=\n)))/y,
  ],
  ["number", /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ["name", /[A-Za-z_]\w*/y],
  ["operator", /\?\.|\?\?|===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:=&|]/y],
  ["punctuation", /[()[\]{},.]/y],
];

/** The tokens of `text[from:to]`; offsets are those of `text`. Nothing is refused: what fits no rule has no token. */
export function tokens(text: string, from = 0, to = text.length): Token[] {
  const part = text.slice(from, to);
  const tokens: Token[] = [];
  let at = 0;
  while (at < part.length) {
    const token = next(part, at);
    if (token.kind !== null)
      tokens.push({ kind: kindOf(token.kind, part, at, token.end), from: from + at, to: from + token.end });
    at = token.end;
  }
  return tokens;
}

function next(part: string, at: number): { kind: TokenKind | null; end: number } {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at;
    const match = rule.exec(part);
    if (match !== null && match[0] !== "") return { kind, end: at + match[0].length };
  }
  return { kind: null, end: at + 1 };
}

function kindOf(kind: TokenKind, part: string, from: number, end: number): TokenKind {
  if (kind !== "name") return kind;
  if (WORDS.has(part.slice(from, end))) return "constant";
  if (part.slice(from, end) === "in" && /\s/.test(part[end] ?? " ")) return "operator";
  return /^\s*\(/.test(part.slice(end, end + 4)) ? "call" : "name";
}
