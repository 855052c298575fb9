import { defineConfig } from "tsup"

// One entry per subpath of package.json; ESM shares chunks, so a class is one class in all of them.
export default defineConfig({
  entry: {
    index: "src/index.ts",
    client: "src/client/index.ts",
    eventsource: "src/eventsource/index.ts",
    openai: "src/openai/index.ts",
    server: "src/server/index.ts",
    node: "src/node/index.ts",
    redis: "src/redis/index.ts",
    testing: "src/testing/index.ts",
  },
  format: "esm",
  target: "es2022",
  platform: "neutral",
  tsconfig: "src/tsconfig.json",
  // For compilers without that library: `await using` is in the types whatever the user's `lib` is.
  dts: { banner: '/// <reference lib="esnext.disposable" />' },
  // The scripts are readable as they are; maps would be most of the package.
  sourcemap: false,
  metafile: true,
  splitting: true,
  treeshake: false,
  clean: true,
})
