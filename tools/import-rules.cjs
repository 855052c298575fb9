// The import rules of ARCHITECTURE.md: arrows point down the picture, from part to part only through index.ts.
const part = (name) => `^src/${name}/`
const only = (name, allowed) => ({
  name: `${name}-imports`,
  severity: "error",
  comment: `src/${name}/ may import ${allowed.length === 0 ? "only itself" : `only itself and ${allowed.join(", ")}`}`,
  from: { path: part(name) },
  to: { path: "^src/", pathNot: [part(name), ...allowed.map((to) => (to.endsWith(".ts") ? `^src/${to}$` : part(to)))] },
})
/** A folder inside a part: within the part, it may import only itself and the folders in `allowed`. */
const room = (name, folder, allowed) => ({
  name: `${name}-${folder}-imports`,
  severity: "error",
  comment: `src/${name}/${folder}/ may import ${["only itself", ...allowed].join(" and ")} of src/${name}/`,
  from: { path: `^src/${name}/${folder}/` },
  to: { path: part(name), pathNot: [folder, ...allowed].map((to) => `^src/${name}/${to}/`) },
})
const vocabulary = ["event.ts", "errors.ts", "internal"]

module.exports = {
  forbidden: [
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true, dependencyTypesNot: ["type-only"] } },
    {
      name: "no-packages",
      severity: "error",
      comment: "Only the command line needs Node; the fault server asks for it when it is started",
      from: { path: "^src/", pathNot: [part("testing"), part("cli")] },
      to: { pathNot: "^src/" },
    },
    {
      name: "testing-no-packages",
      severity: "error",
      from: { path: part("testing"), pathNot: part("testing/vitest") },
      to: { pathNot: ["^src/", "^node:(http|net|zlib|tls)$", "^(http|net|zlib|tls)$"] },
    },
    {
      name: "testing-vitest-no-packages",
      severity: "error",
      comment: "Only src/testing/vitest/ imports vitest, and nothing else of the package imports it",
      from: { path: part("testing/vitest") },
      to: { pathNot: ["^src/", "^node_modules/vitest/"] },
    },
    {
      name: "nothing-imports-testing-vitest",
      severity: "error",
      from: { path: "^src/", pathNot: part("testing/vitest") },
      to: { path: part("testing/vitest") },
    },
    {
      name: "cli-no-packages",
      severity: "error",
      from: { path: part("cli") },
      to: { pathNot: "^src/", dependencyTypesNot: ["core"] },
    },
    {
      name: "cli-entries-only",
      severity: "error",
      comment: "The command line uses what a program can import, because its bundle has the entries outside",
      from: { path: part("cli") },
      to: { path: "^src/", pathNot: [part("cli"), "^src/index\\.ts$", "^src/[^/]+/index\\.ts$"] },
    },
    {
      name: "nothing-imports-cli",
      severity: "error",
      from: { path: "^src/", pathNot: part("cli") },
      to: { path: part("cli") },
    },
    {
      name: "surfaces-only",
      severity: "error",
      comment: "A part is imported through its index.ts; internal/ has no index.ts",
      from: { path: "^src/([^/]+)/" },
      to: { path: "^src/[^/]+/", pathNot: ["^src/$1/", "^src/internal/", "/index\\.ts$"] },
    },
    {
      name: "vocabulary-imports",
      severity: "error",
      from: { path: "^src/(event|errors)\\.ts$" },
      to: { path: "^src/" },
    },
    {
      name: "contract-types-only",
      severity: "error",
      comment: "Without a contract nothing of it is in the bundle: the parts import its types only",
      from: { path: "^src/(parser|reconnection|client|session|server|node)/" },
      to: { path: part("contract"), dependencyTypesNot: ["type-only"] },
    },
    {
      name: "core-surface",
      severity: "error",
      comment: "src/index.ts exports the core, and no edge",
      from: { path: "^src/index\\.ts$" },
      to: { path: "^src/", pathNot: "^src/(event\\.ts|errors\\.ts|internal/|parser/|encoder/|contract/)" },
    },
    only("internal", []),
    only("parser", [...vocabulary, "contract"]),
    only("encoder", vocabulary),
    only("contract", vocabulary),
    only("reconnection", [...vocabulary, "parser", "contract"]),
    only("client", [...vocabulary, "reconnection", "contract"]),
    only("eventsource", [...vocabulary, "reconnection"]),
    only("openai", [...vocabulary, "parser", "encoder"]),
    room("openai", "reading", []),
    room("openai", "dialects", ["reading"]),
    room("openai", "writing", ["dialects"]),
    room("openai", "relay", ["reading", "dialects", "writing"]),
    only("session", [...vocabulary, "encoder", "contract"]),
    only("server", [...vocabulary, "session", "parser", "encoder", "contract"]),
    only("node", [...vocabulary, "session", "server", "encoder", "contract"]),
    only("redis", [...vocabulary, "server"]),
    {
      name: "redis-store-only",
      severity: "error",
      comment: "Of src/server/, src/redis/ may import the surface of its stores",
      from: { path: part("redis") },
      to: { path: part("server"), pathNot: "^src/server/store/index\\.ts$" },
    },
    {
      name: "testing-imports",
      severity: "error",
      comment: "src/testing/ may import everything; only the command line imports it",
      from: { path: "^src/", pathNot: [part("testing"), part("cli")] },
      to: { path: part("testing") },
    },
  ],
  options: {
    tsConfig: { fileName: "src/tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  },
}
