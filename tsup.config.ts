import type { PluginBuild } from "esbuild"
import { defineConfig } from "tsup"

/** The command line imports the entries of the package as a program does, so nothing of them is in it a second time. */
const entriesOfCli = {
  name: "entries-of-cli",
  setup(build: PluginBuild) {
    build.onResolve({ filter: /^(?:\.\.\/)+(?:\w+\/)?index\.ts$/ }, ({ path, importer }) => {
      if (!/[/\\]src[/\\]cli[/\\]/.test(importer)) return undefined
      const [, entry = "index"] = /(\w+)\/index\.ts$/.exec(path) ?? []
      return { path: `./${entry}.js`, external: true }
    })
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true }))
  },
}

const entry = {
  index: "src/index.ts",
  client: "src/client/index.ts",
  eventsource: "src/eventsource/index.ts",
  openai: "src/openai/index.ts",
  server: "src/server/index.ts",
  node: "src/node/index.ts",
  redis: "src/redis/index.ts",
  testing: "src/testing/index.ts",
  "testing-vitest": "src/testing/vitest/index.ts",
}

// One entry per subpath of package.json; ESM shares chunks, so a class is one class in all of them.
export default defineConfig({
  entry: { ...entry, cli: "src/cli/main.ts" },
  format: "esm",
  target: "es2022",
  platform: "neutral",
  tsconfig: "src/tsconfig.json",
  // For compilers without that library: `await using` is in the types whatever the user's `lib` is.
  dts: { entry, banner: '/// <reference lib="esnext.disposable" />' },
  // The scripts are readable as they are; maps would be most of the package.
  sourcemap: false,
  metafile: true,
  splitting: true,
  treeshake: false,
  esbuildPlugins: [entriesOfCli],
  // Without the prefix, Deno does not find them.
  removeNodeProtocol: false,
  clean: true,
})
