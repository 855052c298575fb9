import { build } from "esbuild"
import { expect, test } from "vitest"

/** Bundles a program against the sources, and returns the files of them that it contains. */
async function filesOf(program: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: process.cwd(), loader: "ts" },
    bundle: true,
    format: "esm",
    treeShaking: true,
    write: false,
    metafile: true,
  })
  const [output] = Object.values(metafile.outputs)
  const inputs = Object.entries(output!.inputs)
  return inputs.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []))
}

test.each([
  ["startFaultServer", "testing"],
  ["scriptedFetch", "testing"],
  ["ManualClock", "testing"],
  ["subscribe", "client"],
])("a program with %s alone contains nothing of the recorder", async (name, part) => {
  const files = await filesOf(`import { ${name} } from "./src/${part}/index.ts"\nconsole.log(${name})`)
  expect(files.length).toBeGreaterThan(1)
  expect(files.filter((file) => file.includes("recording"))).toEqual([])
})

test("a program with record() contains the recorder, and nothing of the fault server", async () => {
  const files = await filesOf('import { record } from "./src/testing/index.ts"\nconsole.log(record)')
  expect(files).toContain("src/testing/recording/recorder.ts")
  expect(files.filter((file) => /fault|mutate|replay/.test(file))).toEqual([])
})
