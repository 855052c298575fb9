import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { afterEach, describe, expect, onTestFinished, test } from "vitest"
import { SseConnectionError, SseTimeoutError } from "steadystream"
import { type ChunkTimeouts, readChatCompletions } from "steadystream/openai"
import { ManualClock } from "steadystream/testing"
import { all, chat, DONE, events, HELLO, rejection, settle } from "../openai/reading/scripted-source.ts"
import { type Dialogue, type DialectServer, FRAMEWORKS, startDialectServer } from "./openai-servers.ts"

let server: DialectServer | undefined

async function start(framework: string, dialogue: Dialogue): Promise<DialectServer> {
  server = await startDialectServer(framework, dialogue)
  return server
}

const ask = (url: string) => (signal: AbortSignal) => fetch(url, { method: "POST", body: "{}", signal })

const sayHello: Dialogue = (write, end) => {
  write(": OPENROUTER PROCESSING\n\n")
  for (const block of HELLO.split(/(?<=\n\n)/)) write(block)
  write(events({ choices: [], usage: { total_tokens: 3 } }))
  write(DONE)
  end()
}

const stall: Dialogue = (write) => write(events(chat({ content: "Hel" })))

afterEach(async () => {
  await server?.close()
  server = undefined
})

describe.each(FRAMEWORKS)("readChatCompletions() against %s", (framework) => {
  test("readChatCompletions() reads the server's answer", async () => {
    const { url } = await start(framework, sayHello)
    const stream = readChatCompletions(ask(url))
    expect(await all(stream.textDeltas())).toEqual(["Hel", "lo"])
    expect(stream.snapshot).toMatchObject({
      choices: [{ content: "Hello", finishReason: "stop" }],
      usage: { total_tokens: 3 },
    })
    expect(stream.response).toMatchObject({ status: 200, requestId: "req_real" })
    expect(await stream.ended).toMatchObject({ reason: "done", chunks: 5 })
  })

  test("readChatCompletions() closes the server's socket on an abort", async () => {
    const { url, left } = await start(framework, stall)
    const controller = new AbortController()
    const stream = readChatCompletions(fetch(url, { method: "POST", body: "{}" }), { signal: controller.signal })
    const reading = rejection<unknown>(
      (async () => {
        for await (const chunk of stream) if (chunk.choices?.[0]?.delta?.content === "Hel") controller.abort("enough")
      })(),
    )
    expect(await reading).toBe("enough")
    await left
    expect(stream.snapshot.choices[0]?.content).toBe("Hel")
  })

  test("readChatCompletions() closes the server's socket when the consumer leaves the loop", async () => {
    const { url, left } = await start(framework, stall)
    for await (const chunk of readChatCompletions(ask(url))) {
      expect(chunk.choices).toHaveLength(1)
      break
    }
    await left
  })

  test("readChatCompletions() uses one connection for ten requests in a row", async () => {
    const { url, connections } = await start(framework, sayHello)
    let ended = 0
    const onEnd = () => void ended++
    subscribe("undici:request:trailers", onEnd)
    onTestFinished(() => void unsubscribe("undici:request:trailers", onEnd))
    for (let request = 1; request <= 10; request++) {
      const { choices } = await readChatCompletions(ask(url)).collect()
      expect(choices[0]?.content).toBe("Hello")
      // The body ends after the answer, and its connection is free a turn of the event loop later.
      await expect.poll(() => ended, { interval: 1 }).toBe(request)
      await settle()
    }
    expect(connections()).toBe(1)
  })

  test("readChatCompletions() ends at [DONE] if the socket stays open", async () => {
    const { url, left } = await start(framework, (write) => write(HELLO + DONE))
    const before = performance.now()
    expect(
      (await readChatCompletions(ask(url), { drain: { ms: 50, bytes: 1_000 } }).collect()).choices[0]?.content,
    ).toBe("Hello")
    expect(performance.now() - before).toBeLessThan(10_000)
    await left
  })

  test.each<keyof ChunkTimeouts>(["idle", "eventIdle", "contentIdle", "total"])(
    "readChatCompletions() leaves a stalled server when %s runs out",
    async (phase) => {
      const { url, left } = await start(framework, stall)
      const clock = new ManualClock()
      const stream = readChatCompletions(ask(url), { clock, timeouts: { [phase]: 60 } })
      const failure = rejection(all(stream))
      await expect.poll(() => stream.snapshot.choices[0]?.content).toBe("Hel")
      const error = await clock.runUntil(failure)
      expect(error).toBeInstanceOf(SseTimeoutError)
      expect(error).toMatchObject({ phase, chunks: 1, requestId: "req_real" })
      expect(error.partial.choices[0]?.content).toBe("Hel")
      await left
    },
  )

  test("readChatCompletions() leaves a silent server when firstContent runs out", async () => {
    const { url, left } = await start(framework, (write) => write(": queued\n\n"))
    const clock = new ManualClock()
    const stream = readChatCompletions(ask(url), { clock, timeouts: { firstContent: 60 } })
    const failure = rejection(all(stream))
    await expect.poll(() => stream.response).toBeDefined()
    const error = await clock.runUntil(failure)
    expect(error).toMatchObject({ phase: "firstContent", chunks: 0, retryable: true })
    await left
  })
})

test("readChatCompletions() leaves a server that sends no headers when connect runs out", async () => {
  let isAsked = false
  const { url, left } = await start("node:http", () => void (isAsked = true))
  const clock = new ManualClock()
  const failure = rejection(all(readChatCompletions(ask(url), { clock, timeouts: { connect: 60 } })))
  await expect.poll(() => isAsked).toBe(true)
  const error = await clock.runUntil(failure)
  expect(error).toMatchObject({ code: "timeout", phase: "connect", chunks: 0, retryable: true })
  await left
})

test("readChatCompletions() reports a reset connection with the text before it", async () => {
  const reset = await start("node:http", stall)
  const stream = readChatCompletions(ask(reset.url))
  const chunks = stream[Symbol.asyncIterator]()
  await chunks.next()
  const next = rejection(chunks.next())
  await reset.close()
  server = undefined
  expect(await next).toBeInstanceOf(SseConnectionError)
  expect(stream.snapshot.choices[0]?.content).toBe("Hel")
})

test("readChatCompletions() reports a retryable error if there is no server", async () => {
  const reset = await start("node:http", stall)
  await reset.close()
  server = undefined
  const error = await rejection(all(readChatCompletions(ask(reset.url))))
  expect(error).toMatchObject({ code: "connection", retryable: true, chunks: 0 })
})
