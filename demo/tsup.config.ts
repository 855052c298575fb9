import { copyFile } from "node:fs/promises"
import { defineConfig } from "tsup"

// The server and the page import the built package by its name, as a user's program does.
export default defineConfig([
  {
    entry: { main: "demo/server/main.ts", worker: "demo/server/worker.ts" },
    outDir: "demo/dist/server",
    format: "esm",
    target: "node20",
    platform: "node",
    tsconfig: "demo/tsconfig.build.json",
    external: [/^steadystream/, "redis"],
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
    // Why silent: no module of the package has side effects, so a bare import may be dropped.
    esbuildOptions: (options) => void (options.logOverride = { "ignored-bare-import": "silent" }),
    splitting: false,
    clean: true,
    onSuccess: async () => {
      for (const file of ["index.html", "example.jsonl"]) await copyFile(`demo/page/${file}`, `demo/dist/page/${file}`)
    },
  },
])
