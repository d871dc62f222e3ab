import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";
import payloom from "./lint/plugin.js";

/** What the folders below `src` may import, from the bottom up. Pages do not know one another. */
const BASE = ["ui", "api", "model", "browser", "components"];
const EDITOR_BASE = ["ui", "api", "model", "browser", "editor/document"];
const PAGES = [
  "audit",
  "events",
  "files",
  "health",
  "help",
  "journey",
  "local-stripe",
  "mail",
  "overview",
  "run",
  "runs",
  "settings",
  "tables",
  "workflows",
];
const FOLDERS = {
  ui: [],
  api: [],
  model: ["api"],
  browser: [],
  components: ["ui", "api", "model", "browser"],
  "editor/document": ["api", "model"],
  "editor/form-model": ["api", "model"],
  "editor/assist": ["ui", "api", "model", "editor/form-model"],
  "editor/codemirror": ["ui", "api", "editor/form-model", "editor/assist"],
  "editor/canvas": EDITOR_BASE,
  "editor/catalog": [...EDITOR_BASE, "editor/form-model", "editor/assist"],
  "editor/forms": [...EDITOR_BASE, "editor/form-model", "editor/assist", "editor/codemirror", "editor/canvas"],
  "editor/problems": [...EDITOR_BASE, "editor/form-model", "editor/assist", "editor/codemirror"],
  "editor/yaml": [...EDITOR_BASE, "editor/form-model", "editor/assist", "editor/codemirror", "editor/problems"],
  "editor/outline": [...EDITOR_BASE, "editor/canvas"],
  "editor/testrun": [...EDITOR_BASE, "editor/canvas"],
  "editor/versions": EDITOR_BASE,
  editor: [
    ...[
      ...BASE,
      "editor/document",
      "editor/canvas",
      "editor/catalog",
      "editor/forms",
      "editor/problems",
      "editor/codemirror",
    ],
    ...["editor/yaml", "editor/outline", "editor/testrun", "editor/versions"],
  ],
  ...Object.fromEntries(PAGES.map((page) => [`pages/${page}`, BASE])),
  "pages/files": [...BASE, "editor/document", "editor/codemirror"],
  app: [...BASE, "editor", ...PAGES.map((page) => `pages/${page}`)],
};

export default defineConfig(
  globalIgnores(["node_modules", "src/api/schema.d.ts"]),
  js.configs.recommended,
  { files: ["lint/**/*.js", "eslint.config.js"], languageOptions: { globals: { URL: "readonly" } } },
  {
    files: ["src/**/*.{ts,tsx}", "vite.config.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { payloom, "react-hooks": reactHooks },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "payloom/no-import-cycle": "error",
      "payloom/folder-walls": ["error", FOLDERS],
      "payloom/kebab-case-file": "error",
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "max-lines": ["error", { max: 400 }],
      "max-lines-per-function": ["error", { max: 60 }],
    },
  },
  {
    // A `describe` holds many tests, and doubles of the server are async without waiting for anything.
    files: ["src/**/*.test.{ts,tsx}"],
    rules: { "max-lines-per-function": "off", "@typescript-eslint/require-await": "off" },
  },
);
