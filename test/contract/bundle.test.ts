import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { describe, expect, test } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

async function bundle(names: string): Promise<{ text: string; files: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export { ${names} } from "./src/index.ts"`, resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    metafile: true,
    treeShaking: true,
    write: false,
  })
  const [output] = Object.values(metafile.outputs)
  const inputs = Object.entries(output!.inputs).filter(([, input]) => input.bytesInOutput > 0)
  return { text: outputFiles[0]!.text, files: inputs.map(([file]) => file) }
}

describe("bundles", () => {
  test("readEvents() bundles none of the contract", async () => {
    const { text, files } = await bundle("readEvents, encodeEvent, SseParserStream, SseEncoderStream")
    expect(files).toContain("src/parser/read-events.ts")
    expect(files.filter((file) => file.startsWith("src/contract/"))).toEqual([])
    expect(text).not.toContain("SseValidationError")
    expect(text).not.toContain("~standard")
  })

  test("defineEvents() bundles none of the parser and the encoder", async () => {
    const { files } = await bundle("defineEvents")
    expect(files.filter((file) => /^src\/(parser|encoder)\//.test(file))).toEqual([])
  })

  test("text() alone bundles no JSON codec and no schema code", async () => {
    const { text } = await bundle("text")
    expect(text).not.toMatch(/JSON|~standard/)
  })
})
