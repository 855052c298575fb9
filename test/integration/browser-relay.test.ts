import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import { chromium, type Browser } from "playwright"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type ChatSnapshot, chunkResponse, chatCompletionChunks, relay, type Relay } from "steadystream/openai"
import { sendEventStream } from "steadystream/node"
import { ManualSource } from "../openai/writing/stream-reading.ts"
import { chromiumArguments, findChromium } from "../support/chromium.ts"
import { listen } from "../support/listen.ts"

const executablePath = findChromium()

const PAGE = `<!doctype html><pre id="text"></pre><p id="end"></p>
<script type="module">
  import { readChatCompletions } from "/dist/openai.js"
  const stream = readChatCompletions((signal) => fetch("/v1/chat/completions", { method: "POST", signal }))
  try {
    for await (const text of stream.textDeltas()) document.getElementById("text").append(text)
    document.getElementById("end").textContent = (await stream.ended).reason
  } catch (error) {
    document.getElementById("end").textContent = error.code + " " + error.error?.code
  }
</script>`

/** A page, the package as built, and a route that relays a provider over the network. */
async function startSite(deltas: ManualSource<string>) {
  const provider = await listen(
    createServer((req, res) => {
      const { body } = chunkResponse(chatCompletionChunks(deltas, { id: "chatcmpl-1" }))
      void sendEventStream(req, res, body!)
    }),
  )
  const relays: Relay<ChatSnapshot>[] = []
  const origin = await listen(
    createServer((req, res) => {
      if (req.url === "/v1/chat/completions") {
        const answer = relay((signal) => fetch(provider, { method: "POST", signal }))
        relays.push(answer)
        return void sendEventStream(req, res, answer)
      }
      if (!req.url!.startsWith("/dist/")) return res.setHeader("content-type", "text/html").end(PAGE)
      return void readFile(new URL(`../..${req.url!}`, import.meta.url)).then(
        (file) => res.setHeader("content-type", "text/javascript").end(file),
        () => res.writeHead(404).end(),
      )
    }),
  )
  return { origin, relays }
}

describe.skipIf(executablePath === undefined)("relay() to Chromium", () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args: chromiumArguments })
  })
  afterAll(() => browser.close())

  test("relay() streams to a page in Chromium piece by piece, while the tap stores the whole answer", async () => {
    const deltas = new ManualSource<string>()
    const { origin, relays } = await startSite(deltas)
    const page = await browser.newPage()
    await page.goto(origin)
    let shown = ""
    for (const [index, text] of ["Grüße, ", "“😀”\n", "data: [DONE]"].entries()) {
      await expect.poll(() => deltas.asked).toBe(index + 1)
      deltas.send(text)
      shown += text
      await expect.poll(() => page.textContent("#text")).toBe(shown)
      expect(relays[0]!.snapshot.choices[0]!.content).toBe(shown)
    }
    await expect.poll(() => deltas.asked).toBe(4)
    deltas.end()
    await expect.poll(() => page.textContent("#end")).toBe("done")
    expect(await relays[0]!.ended).toMatchObject({ reason: "done", chunks: 5 })
    expect(relays[0]!.snapshot).toMatchObject({ id: "chatcmpl-1", choices: [{ content: shown, finishReason: "stop" }] })
    await page.close()
  })

  test("relay() cancels the provider's request when the page in Chromium is closed", async () => {
    const deltas = new ManualSource<string>()
    const { origin, relays } = await startSite(deltas)
    const page = await browser.newPage()
    await page.goto(origin)
    await expect.poll(() => deltas.asked).toBe(1)
    deltas.send("Hel")
    await expect.poll(() => page.textContent("#text")).toBe("Hel")
    await page.close()
    expect((await relays[0]!.ended).reason).toBe("cancelled")
    expect(relays[0]!.snapshot.choices[0]!.content).toBe("Hel")
    await expect.poll(() => deltas.returned).toBe(1)
  })

  test("relay() reports to a page in Chromium how the provider ended", async () => {
    const deltas = new ManualSource<string>()
    const { origin, relays } = await startSite(deltas)
    const page = await browser.newPage()
    await page.goto(origin)
    await expect.poll(() => deltas.asked).toBe(1)
    await relays[0]!.cancel("shutdown")
    await expect.poll(() => page.textContent("#end")).toBe("provider cancelled")
    await page.close()
  })
})
