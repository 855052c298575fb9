/*
 * Compiles every TypeScript sample of README, guides and docstrings against the built package, each in its own file
 * with the line numbers of its source, and runs it. A fence marked `ts no-run` is only compiled, because it needs a
 * browser or an external service. A fence marked `file=PATH` must equal that file, which has its own tests. Samples run
 * against the demo's server (see sample-realm.ts).
 */
import { execFile, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, join } from "node:path"
import { promisify } from "node:util"

const FOLDER = ".cache/samples"
const FENCE =
  /^(?<indent>[ \t]*(?:\* ?)?)```(?:ts|tsx|vue|svelte)(?<flags>| [^\n]*)\n(?<code>[^]*?)^[ \t]*(?:\* ?)?```$/gm

interface Sample {
  readonly file: string
  readonly source: string
  readonly runs: boolean
}

function samplesOf(source: string): Sample[] {
  const text = readFileSync(source, "utf8")
  return [...text.matchAll(FENCE)].flatMap(({ index, groups }) => {
    const line = text.slice(0, index).split("\n").length
    const [, shown] = / file=(\S+)/.exec(groups!["flags"]!) ?? []
    if (shown !== undefined) {
      checkShown(shown, groups!["code"]!, `${source}:${line}`)
      return []
    }
    const code = groups!["code"]!.replace(/^[ \t]*\* ?/gm, groups!["indent"]!.includes("*") ? "" : "$&")
    const file = join(FOLDER, `${source.replaceAll(/[/\\]/g, "-")}-${line}.ts`)
    writeFileSync(file, `${"\n".repeat(line)}${code}\nexport {}\n`)
    return { file, source: `${source}:${line}`, runs: !groups!["flags"]!.includes("no-run") }
  })
}

function checkShown(path: string, code: string, place: string): void {
  shownFiles.add(path)
  if (readFileSync(path, "utf8") !== code) failures.push(`${place}: the sample must equal ${path}`)
}

const failures: string[] = []
const shownFiles = new Set<string>()
rmSync(FOLDER, { recursive: true, force: true })
mkdirSync(FOLDER, { recursive: true })
const documents = ["README.md", "docs/recording-format.md", ...globSync(["docs/guides/*.md", "skills/*/SKILL.md"])]
const samples = [...documents, ...globSync("src/**/*.ts")].flatMap((source) => samplesOf(source))
for (const path of globSync("examples/**/*.{ts,tsx,vue,svelte}")) {
  if (!shownFiles.has(path.replaceAll("\\", "/"))) failures.push(`${path}: no guide shows this example`)
}
const bare = documents.filter((source) => !readFileSync(source, "utf8").includes("```ts"))
for (const document of bare) console.log(`${basename(document)} has no TypeScript sample`)

writeFileSync(
  join(FOLDER, "tsconfig.json"),
  JSON.stringify({
    extends: "../../tools/tsconfig.base.json",
    compilerOptions: { types: ["node"], noUnusedLocals: false, noUnusedParameters: false, skipLibCheck: true },
    include: ["*.ts"],
  }),
)
execFileSync("tsc", ["-p", FOLDER], { stdio: "inherit" })

const demo = spawn(process.execPath, ["demo/dist/server/main.js"], {
  env: { ...process.env, PORT: "0" },
  stdio: ["ignore", "pipe", "inherit"],
})
const [greeting] = (await once(demo.stdout, "data")) as [Buffer]
const origin = /http:\/\/localhost:\d+/.exec(greeting.toString())![0].replace("localhost", "127.0.0.1")
const env = { ...process.env, STEADYSTREAM_SAMPLE_ORIGIN: origin }

const run = promisify(execFile)
const waiting = samples.filter((sample) => sample.runs)
const total = waiting.length
async function runner(): Promise<void> {
  for (let sample = waiting.shift(); sample !== undefined; sample = waiting.shift()) {
    try {
      await run(process.execPath, ["--no-warnings", "--import", "./tools/sample-realm.ts", sample.file], {
        env,
        timeout: 20_000,
      })
    } catch (error) {
      failures.push(`${sample.source}: ${(error as { stderr?: string }).stderr || String(error)}`)
    }
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, () => runner()))
demo.kill()
for (const failure of failures) console.error(failure)
console.log(
  `samples: ${samples.length} compiled, ${total} run, ${shownFiles.size} files shown, ${failures.length} faults`,
)
process.exitCode = failures.length === 0 ? 0 : 1
