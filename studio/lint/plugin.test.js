import { RuleTester } from "eslint";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { importChain, importGraph } from "./import-graph.js";
import plugin from "./plugin.js";

RuleTester.describe = describe;
RuleTester.it = it;

const SRC = fileURLToPath(new URL("../src", import.meta.url));
const inSrc = (name) => path.join(SRC, name);
const tester = new RuleTester();

const FOLDERS = { ui: [], api: [], model: ["api"] };
tester.run("folder-walls", plugin.rules["folder-walls"], {
  valid: [
    { filename: inSrc("model/graph/layout.ts"), code: 'import "@/api/client";', options: [FOLDERS] },
    { filename: inSrc("ui/content/text.tsx"), code: 'import "../basics/button"; import "react";', options: [FOLDERS] },
  ],
  invalid: [
    {
      filename: inSrc("ui/content/text.tsx"),
      code: 'import "@/api/client";',
      options: [FOLDERS],
      errors: [{ messageId: "wall", data: { from: "ui", to: "api" } }],
    },
    {
      filename: inSrc("ui/content/text.tsx"),
      code: 'const late = import("../../model/graph/layout");',
      options: [FOLDERS],
      errors: [{ messageId: "wall", data: { from: "ui", to: "model" } }],
    },
    {
      filename: inSrc("new-folder/file.ts"),
      code: "",
      options: [FOLDERS],
      errors: [{ messageId: "unlisted", data: { from: "new-folder" } }],
    },
  ],
});

// `ui/index.ts` imports `ui/basics/button.tsx`: an import the other way closes a circle.
tester.run("no-import-cycle", plugin.rules["no-import-cycle"], {
  valid: [{ filename: inSrc("ui/index.ts"), code: 'export * from "./basics/button";' }],
  invalid: [
    {
      filename: inSrc("ui/basics/button.tsx"),
      code: 'export * from "../index";',
      errors: [{ messageId: "cycle", data: { chain: "ui/basics/button.tsx → ui/index.ts → ui/basics/button.tsx" } }],
    },
  ],
});

tester.run("kebab-case-file", plugin.rules["kebab-case-file"], {
  valid: [{ filename: inSrc("ui/format/error-details.test.ts"), code: "" }],
  invalid: [{ filename: inSrc("ui/format/ErrorDetails.ts"), code: "", errors: [{ messageId: "name" }] }],
});

describe("an import chain", () => {
  const graph = new Map([
    ["a", new Set(["b"])],
    ["b", new Set(["c"])],
    ["c", new Set()],
  ]);

  it("is the way from one file to another", () => {
    expect(importChain(graph, "a", "c")).toEqual(["a", "b", "c"]);
    expect(importChain(graph, "c", "a")).toBeNull();
  });
});

describe("the import graph", () => {
  it("has type-only and dynamic imports, re-exports and `@/` paths", () => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "graph-"));
    const write = (name, text) => {
      fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      fs.writeFileSync(path.join(root, name), text);
    };
    write("a.ts", 'import type { B } from "./b";\nconst late = () => import("./c");');
    write("b.ts", 'export { c } from "./c";');
    write("c.ts", 'import "@/ui/d"; import react from "react";');
    write("ui/d.tsx", "");
    const graph = importGraph(root);
    const named = (name) => [...graph.get(path.join(root, name))].map((file) => path.relative(root, file)).sort();
    fs.rmSync(root, { recursive: true });
    expect(named("a.ts")).toEqual(["b.ts", "c.ts"]);
    expect(named("b.ts")).toEqual(["c.ts"]);
    expect(named("c.ts")).toEqual([path.join("ui", "d.tsx")]);
  });
});
