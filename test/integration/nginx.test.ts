import { spawn, spawnSync } from "node:child_process"
import { Readable } from "node:stream"
import { describe, expect, onTestFinished, test } from "vitest"
import { ManualSource } from "../openai/writing/stream-reading.ts"
import { findNginx, startNginx } from "../support/nginx.ts"

import { servers } from "./answer-server.ts"
import { ways } from "./written-answer.ts"

const decoder = new TextDecoder()

/** Reads until the text ends in `end`. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, end: string): Promise<string> {
  let text = ""
  while (!text.endsWith(end)) {
    const { done, value } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
  }
  return text
}

/** Yields two pieces of an answer, each after the client has seen the piece before it, and then ends. */
async function seesOneByOne(reader: ReadableStreamDefaultReader<Uint8Array>, source: ManualSource<string>) {
  expect(await readUntil(reader, "\n\n")).toMatch(/^data: .*"role":"assistant".*\n\n$/)
  for (const text of ["one", "two"]) {
    await expect.poll(() => source.asked).toBe(text === "one" ? 1 : 2)
    source.send(text)
    expect(await readUntil(reader, "\n\n")).toMatch(new RegExp(`^data: .*"content":"${text}".*\n\n$`))
  }
  await expect.poll(() => source.asked).toBe(3)
  source.end()
  expect(await readUntil(reader, "data: [DONE]\n\n")).toContain('"finish_reason":"stop"')
}

// Without curl the test is skipped by name, which fails under `CI=true`.
const lacksCurl = process.env["CI"] !== "true" && spawnSync("curl", ["--version"]).status !== 0

const variants = [
  ["as it comes", "", "identity"],
  ["that compresses", "gzip on; gzip_min_length 0; gzip_types text/event-stream; gzip_proxied any;", "gzip"],
] as const

describe.skipIf(findNginx() === undefined).each(servers)("on %s behind nginx", (server, start) => {
  // A bare Response lacks the headers that are tested here, so nginx would buffer its bytes.
  const withHeaders = ways.filter(([way]) => server === "node:http" || way !== "encodeChunks()")
  describe.each(withHeaders)("%s", (way, write) => {
    test.each(variants)(`${way} shows its events one by one through an nginx %s`, async (__, directives, encoding) => {
      const source = new ManualSource<string>()
      const baseURL = await start(() => write("chat", source))
      const nginx = await startNginx(Number(new URL(baseURL).port), directives)
      onTestFinished(() => nginx.close())
      const response = await fetch(`${nginx.url}v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ model: "parrot" }),
        headers: { "accept-encoding": encoding, "content-type": "application/json" },
      })
      expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/)
      await seesOneByOne(response.body!.getReader(), source)
    })

    test.skipIf(lacksCurl)(`${way} shows its events to curl one by one through nginx`, async () => {
      const source = new ManualSource<string>()
      const baseURL = await start(() => write("chat", source))
      const nginx = await startNginx(Number(new URL(baseURL).port))
      onTestFinished(() => nginx.close())
      const url = `${nginx.url}v1/chat/completions`
      const curl = spawn("curl", ["-sN", url, "-H", "content-type: application/json", "-d", '{"model":"parrot"}'])
      const exited = new Promise((resolve) => curl.once("exit", resolve))
      await seesOneByOne(Readable.toWeb(curl.stdout).getReader(), source)
      expect(await exited).toBe(0)
    })
  })
})
