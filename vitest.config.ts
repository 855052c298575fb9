import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { playwright } from "@vitest/browser-playwright"
import { defineConfig } from "vitest/config"
import { chromiumArguments, findChromium } from "./test/support/chromium.ts"

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

// Tests import the package by its name: in Node from src, in the browser as it was built.
const source = [
  { find: /^steadystream$/, replacement: path("src/index.ts") },
  { find: /^steadystream\/(\w+(?:\/vitest)?)$/, replacement: path("src/$1/index.ts") },
]
const built = [
  { find: /^steadystream$/, replacement: path("dist/index.js") },
  { find: /^steadystream\/(\w+)$/, replacement: path("dist/$1.js") },
]

const chromium = findChromium()

// The soak tests run by themselves: `.ci/run` adds up what both runs wrote.
const run = process.argv.includes("soak") ? "soak" : "test"

export default defineConfig({
  test: {
    reporters: ["default", ["json", { outputFile: `.cache/${run}-results.json` }]],
    coverage: { include: ["src/**/*.ts"] },
    // By default one worker on two cores; but most tests wait for most of their time.
    ...(run === "test" && { maxWorkers: Math.max(2, availableParallelism() - 1) }),
    // A test waits for what it needs, so these end only a test that hangs: a loaded machine may need many seconds.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        resolve: { alias: source },
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/browser/**", "test/soak/**", "test/types/**"],
          setupFiles: ["test/support/fail-on-warning.ts", "test/support/patience.ts"],
        },
      },
      {
        extends: true,
        resolve: { alias: source },
        test: {
          name: "soak",
          include: ["test/soak/**/*.test.ts"],
          setupFiles: ["test/support/fail-on-warning.ts", "test/support/patience.ts"],
          // In a process of its own, whose heap and sockets are those of the test.
          pool: "forks",
          execArgv: ["--expose-gc"],
        },
      },
      {
        extends: true,
        test: {
          name: "types",
          include: [],
          typecheck: { enabled: true, only: true, include: ["test/types/**/*.test-d.ts"], tsconfig: "tsconfig.json" },
        },
      },
      ...(chromium === undefined
        ? []
        : [
            {
              extends: true as const,
              resolve: { alias: built },
              test: {
                name: "chromium",
                include: ["test/browser/**/*.test.ts", "test/conformance/**/*.test.ts"],
                globalSetup: ["test/support/stream-server.ts"],
                browser: {
                  enabled: true,
                  headless: true,
                  screenshotFailures: false,
                  provider: playwright({ launchOptions: { executablePath: chromium, args: chromiumArguments } }),
                  instances: [{ browser: "chromium" as const }],
                },
              },
            },
          ]),
    ],
  },
})
