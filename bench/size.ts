/* Measures how much an import adds to a bundle, minified and compressed. */
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"

const imports: Readonly<Record<string, string>> = {
  "SseParser (text and bytes)": `export { SseParser } from "steadystream"`,
  "SseParser + readEvents": `export { SseParser, readEvents } from "steadystream"`,
  "encodeEvent, encodeComment, encodeRetry": `export { encodeComment, encodeEvent, encodeRetry } from "steadystream"`,
  "eventsource-parser": `export { createParser } from "eventsource-parser"`,
  "eventsource-encoder": `export { encode } from "eventsource-encoder"`,
}

async function sizeOf(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    // Without this, esbuild would resolve the package to its sources through tsconfig.json.
    tsconfigRaw: {},
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  })
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length
}

export async function sizes(): Promise<Record<string, number>> {
  const result: Record<string, number> = {}
  for (const [name, contents] of Object.entries(imports)) result[name] = await sizeOf(contents)
  return result
}
