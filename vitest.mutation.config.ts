import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// For `npx stryker run`, by hand: the tests of the core, with what counts work, but without properties, which are slow, and browsers.
export default defineConfig({
  resolve: {
    alias: [{ find: /^steadystream$/, replacement: fileURLToPath(new URL("src/index.ts", import.meta.url)) }],
  },
  test: { include: ["test/{parser,encoder,conformance}/**/*.test.ts"] },
})
