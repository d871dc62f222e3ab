/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env["PAYLOOM_URL"] ?? "http://127.0.0.1:8000";

const PURE = ["src/{model,editor/form-model,editor/codemirror}/**/*.test.ts", "lint/**/*.test.js"];

export default defineConfig({
  base: "/studio/",
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../src/payloom/api/static/studio",
    emptyOutDir: true,
    // Scripts and fonts are files of their own: the content security policy allows no data: scripts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": server, "/_payloom": server } },
  test: {
    css: false,
    pool: "threads",
    // A busy machine may take its time; what is slow is measured elsewhere.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      // What needs no page runs without one: making one takes longer than the tests.
      { extends: true, test: { name: "pure", environment: "node", include: PURE } },
      {
        extends: true,
        test: {
          name: "page",
          environment: "jsdom",
          include: ["src/**/*.test.{ts,tsx}"],
          exclude: PURE,
          setupFiles: ["src/testing.ts"],
        },
      },
    ],
  },
});
