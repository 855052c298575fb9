import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// For `npm run mutation`, run by hand: the tests of the core and those that count work, without slow property tests and browsers.
export default defineConfig({
  resolve: {
    alias: [{ find: /^steadystream$/, replacement: fileURLToPath(new URL("../../src/index.ts", import.meta.url)) }],
  },
  test: { include: ["test/{parser,encoder,conformance}/**/*.test.ts"] },
})
