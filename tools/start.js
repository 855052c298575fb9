// Starts the demo on a fresh clone: installs and builds what is missing or out of date, then serves in this process.
// Runs on a bare Node 20, so it imports nothing but Node.
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
process.chdir(root)

const SOURCES = ["src", "demo/server", "demo/page", "demo/tsup.config.ts", "tsup.config.ts", "package.json"]
const BUILT = [
  ...["index", "node", "redis"].map((entry) => `dist/${entry}.js`),
  ...["server/main.js", "server/worker.js", "page/index.html", "page/example.jsonl"].map((file) => `demo/dist/${file}`),
]

if (!isInstalled()) {
  console.log("The first start installs the development dependencies: about 900 MB on disk, in one or two minutes.")
  npm("Installing", "ci")
}
if (Math.min(...BUILT.map(timeOf)) < Math.max(...SOURCES.map(newest))) npm("Building", "run", "build", "--silent")
await import(new URL("../demo/dist/server/main.js", import.meta.url).href)

/** Whether the packages that npm has installed are those of the lockfile. */
function isInstalled() {
  const found = packagesOf("node_modules/.package-lock.json")
  return Object.entries(packagesOf("package-lock.json")).every(
    ([path, { version, optional, link }]) =>
      !path.startsWith("node_modules/") || optional || link || found[path]?.version === version,
  )
}

function packagesOf(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : {}
}

function timeOf(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0
}

function newest(path) {
  if (!statSync(path).isDirectory()) return timeOf(path)
  return Math.max(...readdirSync(path).map((name) => newest(`${path}/${name}`)))
}

function npm(doing, ...args) {
  console.log(`${doing} (npm ${args.join(" ")}) ...`)
  const cli = process.env["npm_execpath"]
  const started = performance.now()
  const { status, error } =
    cli === undefined
      ? spawnSync("npm", args, { stdio: ["ignore", "pipe", "inherit"], shell: process.platform === "win32" })
      : spawnSync(process.execPath, [cli, ...args], { stdio: ["ignore", "pipe", "inherit"] })
  if (status !== 0) {
    console.error(`Cannot start the demo: npm ${args.join(" ")} must succeed${error ? `: ${error.message}` : ""}`)
    process.exit(status ?? 1)
  }
  console.log(`${doing} took ${((performance.now() - started) / 1000).toFixed(1)} s`)
}
