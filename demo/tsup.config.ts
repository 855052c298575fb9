import { copyFile } from "node:fs/promises"
import { defineConfig } from "tsup"

// Both halves use the built package by its name, as anybody's program would.
export default defineConfig([
  {
    entry: { main: "demo/server/main.ts" },
    outDir: "demo/dist/server",
    format: "esm",
    target: "node20",
    platform: "node",
    tsconfig: "demo/tsconfig.build.json",
    external: [/^steadystream/],
    clean: true,
  },
  {
    entry: { page: "demo/page/main.ts", style: "demo/page/style.css" },
    outDir: "demo/dist/page",
    format: "esm",
    target: "es2022",
    platform: "browser",
    tsconfig: "demo/tsconfig.build.json",
    noExternal: [/^steadystream/],
    minify: true,
    // The page imports no part for its side effects: there are none.
    esbuildOptions: (options) => void (options.logOverride = { "ignored-bare-import": "silent" }),
    splitting: false,
    clean: true,
    onSuccess: () => copyFile("demo/page/index.html", "demo/dist/page/index.html"),
  },
])
