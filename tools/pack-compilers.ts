/*
 * Compiles a program that imports every entry of the installed package, with each supported compiler and module
 * setting, without skipLibCheck, with TypeScript's DOM library and with Node's types alone.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Installed in a separate folder, because each has a `tsc`, and the repository's scripts must find their own. */
const OWN = "tools/compilers/node_modules"
const COMPILERS = {
  "5.7": `${OWN}/typescript-5.7/bin/tsc`,
  "5.9": `${OWN}/typescript-5.9/bin/tsc`,
  "6": "node_modules/typescript/bin/tsc6",
  "7": "node_modules/@typescript/native/bin/tsc",
}
const NODE_TYPES = [`${OWN}/@types/node-20`, `${OWN}/@types/node-22`, "node_modules/@types/node"] as const

interface Setting {
  readonly compiler: keyof typeof COMPILERS
  readonly module: "node16" | "nodenext" | "esnext"
  readonly lib: readonly string[]
  /** The package of Node's types; `undefined` is a program without them. */
  readonly types?: string
}

/** The oldest and the newest compiler compile every combination; the others compile the usual one. */
const SETTINGS: readonly Setting[] = [
  ...(["5.7", "7"] as const).flatMap((compiler) => [
    ...(["node16", "nodenext", "esnext"] as const).map((module) => ({ compiler, module, lib: ["ES2022", "DOM"] })),
    ...NODE_TYPES.map((types) => ({ compiler, module: "nodenext" as const, lib: ["ES2022"], types })),
  ]),
  ...(["5.9", "6"] as const).flatMap((compiler) => [
    { compiler, module: "nodenext" as const, lib: ["ES2022", "DOM", "DOM.Iterable"] },
    { compiler, module: "esnext" as const, lib: ["ES2022"], types: NODE_TYPES[2] },
  ]),
  { compiler: "6", module: "esnext", lib: ["ESNext", "DOM", "DOM.AsyncIterable"] },
]

/** A misspelt option must be explained in one paragraph, so each line of the report starts with the file. */
const MISSPELT = `import { readEvents } from "steadystream"
import { subscribe } from "steadystream/client"
import { relay } from "steadystream/openai"
readEvents("", { lastEventID: "7" })
subscribe("https://example.com/", { timeout: { connect: 5 } })
relay("", { onChunks: () => {} })
`

/** @throws Error with the compiler's report, for the first setting in which the program does not compile. */
export function compileEverywhere(project: string, root: string, program: string): number {
  execFileSync("npm", ["ci", "--silent", "--ignore-scripts"], { cwd: join(root, "tools/compilers"), stdio: "inherit" })
  writeFileSync(join(project, "types.ts"), program)
  for (const setting of SETTINGS) {
    const report = compile(project, root, setting, "types.ts")
    if (report !== "") throw new Error(`TypeScript ${JSON.stringify(setting)} must compile every entry:\n${report}`)
  }
  writeFileSync(join(project, "misspelt.ts"), MISSPELT)
  const lines = compile(project, root, SETTINGS[0]!, "misspelt.ts").trim().split("\n")
  if (lines.length !== 3 || !lines.every((line) => line.includes("Did you mean"))) {
    throw new Error(`three misspelt options must produce three lines, not:\n${lines.join("\n")}`)
  }
  return SETTINGS.length
}

function compile(project: string, root: string, { compiler, module, lib, types }: Setting, file: string): string {
  const scope = join(project, "node_modules/@types")
  rmSync(scope, { recursive: true, force: true })
  mkdirSync(scope)
  if (types !== undefined) symlinkSync(join(root, types), join(scope, "node"))
  const moduleResolution = module === "esnext" ? "bundler" : module
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true }
  const compilerOptions = {
    ...strict,
    target: "es2022",
    module,
    moduleResolution,
    lib,
    types: types === undefined ? [] : ["node"],
  }
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }))
  try {
    execFileSync(process.execPath, [join(root, COMPILERS[compiler]), "-p", "."], { cwd: project, encoding: "utf8" })
    return ""
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}
