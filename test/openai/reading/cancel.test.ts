import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { SseConnectionError } from "steadystream"
import { ManualClock } from "steadystream/testing"
import { readChatCompletions } from "steadystream/openai"
import { all, deferred, DONE, events, HELLO, rejection, ScriptedSource, settle } from "./scripted-source.ts"

const payload = (text: string, finish?: string) =>
  JSON.stringify({
    choices: [{ index: 0, delta: { content: text }, ...(finish !== undefined && { finish_reason: finish }) }],
  })

const line = (text: string, finish?: string) => `data: ${payload(text, finish)}\n`

const DONE_LINE = "data: [DONE]\n"

/** A body that never ends and counts its cancellations. */
function endless(first = "") {
  const cancel = vi.fn<() => void>()
  const encoder = new TextEncoder()
  let pulls = 0
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    { pull: (controller) => controller.enqueue(encoder.encode(pulls++ === 0 ? first || ":\n" : ":\n")), cancel },
    { highWaterMark: 0 },
  )
  const response = (init: ResponseInit = {}) =>
    new Response(body, { headers: { "content-type": "text/event-stream" }, ...init })
  return { cancel, response }
}

const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => void unhandled.push(reason)

beforeEach(() => void process.on("unhandledRejection", onUnhandled))

afterEach(async () => {
  await settle()
  process.off("unhandledRejection", onUnhandled)
  expect(unhandled).toEqual([])
})

/** Counts the listeners of a signal, because no API reports them. */
function countingSignal(): { readonly controller: AbortController; readonly listeners: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  let count = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count++
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count--
    remove(...args)
  }
  return { controller, listeners: () => count }
}

test("readChatCompletions() sends no request if the signal is already aborted", async () => {
  const signal = AbortSignal.abort("early")
  let asked = 0
  const stream = readChatCompletions(() => (asked++, new Response(HELLO)), { signal })
  await settle()
  expect(await rejection<unknown>(all(stream))).toBe("early")
  expect(asked).toBe(0)
  expect(await stream.ended).toMatchObject({ reason: "cancelled", error: "early", chunks: 0, durationMs: 0 })
})

test("readChatCompletions() cancels the body if the signal is already aborted", async () => {
  const source = new ScriptedSource().write(HELLO)
  readChatCompletions(source.stream, { signal: AbortSignal.abort("early") })
  await settle()
  expect(source.cancellations).toEqual(["early"])
})

test("readChatCompletions() aborts the request while it waits for the headers", async () => {
  const controller = new AbortController()
  let signalOfRequest: AbortSignal | undefined
  const stream = readChatCompletions((signal) => ((signalOfRequest = signal), new Promise<never>(() => {})), {
    signal: controller.signal,
  })
  const reading = rejection<unknown>(all(stream))
  await settle()
  expect(signalOfRequest?.aborted).toBe(false)
  controller.abort("enough")
  expect(await reading).toBe("enough")
  expect(signalOfRequest?.reason).toBe("enough")
})

test("readChatCompletions() cancels a response that arrives after the end", async () => {
  const source = new ScriptedSource().write(HELLO)
  const { promise, resolve } = deferred<Response>()
  const stream = readChatCompletions(promise)
  const reading = all(stream)
  await settle()
  await stream.cancel()
  expect(await reading).toEqual([])
  resolve(new Response(source.stream))
  await settle()
  expect(source.cancellations).toHaveLength(1)
})

test("readChatCompletions() ends a waiting read, also if the source ignores its cancellation", async () => {
  const controller = new AbortController()
  const deaf: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => {}),
      return: () => new Promise<never>(() => {}),
    }),
  }
  const stream = readChatCompletions(deaf, { signal: controller.signal })
  const reading = rejection<unknown>(all(stream))
  await settle()
  controller.abort("enough")
  expect(await reading).toBe("enough")
  const cancelled = readChatCompletions(deaf)
  const ending = all(cancelled)
  await settle()
  await cancelled.cancel()
  expect(await ending).toEqual([])
})

test("readChatCompletions() ends a waiting read if the cancellation of a stream or a response never settles", async () => {
  const never = () => new Promise<never>(() => {})
  const deaf = () => new ReadableStream<Uint8Array>({ pull: never, cancel: never })
  for (const source of [deaf(), new Response(deaf() as ReadableStream<Uint8Array<ArrayBuffer>>), never(), never]) {
    const controller = new AbortController()
    const reading = rejection<unknown>(all(readChatCompletions(source, { signal: controller.signal })))
    await settle()
    controller.abort("enough")
    expect(await reading).toBe("enough")
  }
})

test("readChatCompletions() rejects with the signal's reason while it waits", async () => {
  const controller = new AbortController()
  const source = new ScriptedSource().write(HELLO)
  const stream = readChatCompletions(source.stream, { signal: controller.signal })
  const reading = rejection<unknown>(all(stream))
  await settle()
  controller.abort("enough")
  expect(await reading).toBe("enough")
  expect(await stream.ended).toMatchObject({ reason: "cancelled", error: "enough", chunks: 4 })
  expect(source.cancellations).toEqual(["enough"])
})

test("readChatCompletions() throws at the next read if the signal is aborted while the consumer is busy", async () => {
  const controller = new AbortController()
  const source = new ScriptedSource().write(HELLO)
  const stream = readChatCompletions(source.stream, { signal: controller.signal })
  const chunks = stream[Symbol.asyncIterator]()
  await chunks.next()
  controller.abort("enough")
  await settle()
  expect(source.cancellations).toEqual(["enough"])
  expect(await stream.ended).toMatchObject({ reason: "cancelled", error: "enough", chunks: 1 })
  expect(await rejection<unknown>(chunks.next())).toBe("enough")
  expect(await chunks.next()).toEqual({ done: true, value: undefined })
})

test("readChatCompletions() changes nothing if the signal is aborted after the end", async () => {
  const controller = new AbortController()
  const source = new ScriptedSource().write(HELLO + DONE)
  const stream = readChatCompletions(source.stream, { signal: controller.signal })
  const chunks = stream[Symbol.asyncIterator]()
  for (let count = 0; count < 4; count++) await chunks.next()
  expect(await chunks.next()).toEqual({ done: true, value: undefined })
  controller.abort("late")
  expect(await chunks.next()).toEqual({ done: true, value: undefined })
  expect(await stream.ended).toMatchObject({ reason: "done", error: undefined })
})

test("readChatCompletions() rejects with the TimeoutError of AbortSignal.timeout unchanged", async () => {
  const signal = AbortSignal.timeout(1)
  const stream = readChatCompletions(new ScriptedSource().stream, { signal })
  const error = await rejection<unknown>(all(stream))
  expect(error).toBe(signal.reason)
  expect(error).toMatchObject({ name: "TimeoutError" })
  expect(await stream.ended).toMatchObject({ reason: "cancelled", error })
})

test("readChatCompletions() rethrows the abort of a fetch that it did not start", async () => {
  const reason = new DOMException("stop", "AbortError")
  const stream = readChatCompletions(Promise.reject<Response>(reason))
  expect(await rejection<unknown>(all(stream))).toBe(reason)
  expect(await stream.ended).toMatchObject({ reason: "cancelled", error: reason })
})

test("readChatCompletions() reports a failed request as a broken connection", async () => {
  const cause = new TypeError("fetch failed")
  for (const source of [Promise.reject<Response>(cause), () => Promise.reject<Response>(cause)]) {
    const error = await rejection(all(readChatCompletions(source)))
    expect(error).toBeInstanceOf(SseConnectionError)
    expect(error).toMatchObject({ cause, chunks: 0, retryable: true, requestId: null })
  }
})

test.each([
  [
    "break",
    async (stream: AsyncIterable<unknown>) => {
      for await (const _ of stream) break
    },
  ],
  ["return()", async (stream: AsyncIterable<unknown>) => void (await stream[Symbol.asyncIterator]().return?.())],
  [
    "throw",
    async (stream: AsyncIterable<unknown>) => {
      const thrown = new Error("mine")
      const error = await rejection<unknown>(
        (async () => {
          for await (const _ of stream) throw thrown
        })(),
      )
      expect(error).toBe(thrown)
    },
  ],
])("readChatCompletions() cancels the body once at %s", async (_, leave) => {
  const source = new ScriptedSource().write(HELLO)
  const stream = readChatCompletions(source.stream)
  await leave(stream)
  await stream.cancel("again")
  await settle()
  expect(source.cancellations).toEqual([undefined])
  expect(await stream.ended).toMatchObject({ reason: "cancelled", error: undefined })
})

test("cancel() can be called twice, and on a stream without a consumer", async () => {
  const source = new ScriptedSource()
  const stream = readChatCompletions(source.stream)
  await Promise.all([stream.cancel("first"), stream.cancel("second")])
  await settle()
  expect(source.cancellations).toEqual(["first"])
  expect(await all(stream)).toEqual([])
  expect(await stream.ended).toMatchObject({ reason: "cancelled" })
  let asked = 0
  const lazy = readChatCompletions(() => (asked++, new Response(HELLO)))
  await lazy.cancel()
  expect(await all(lazy)).toEqual([])
  expect(asked).toBe(0)
})

test("cancel() ends every waiting call of next()", async () => {
  const stream = readChatCompletions(new ScriptedSource().stream)
  const chunks = stream[Symbol.asyncIterator]()
  const waiting = [chunks.next(), chunks.next(), chunks.next()]
  await settle()
  await stream.cancel()
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => ({ done: true, value: undefined })))
})

test("next() answers concurrent calls in order", async () => {
  const source = new ScriptedSource()
  const chunks = readChatCompletions(source.stream)[Symbol.asyncIterator]()
  const waiting = Promise.all(Array.from({ length: 6 }, () => chunks.next()))
  source.write(HELLO, DONE)
  expect((await waiting).map(({ value }) => value?.choices?.[0]?.delta?.content)).toEqual([
    "",
    "Hel",
    "lo",
    undefined,
    undefined,
    undefined,
  ])
})

test("readChatCompletions() leaves no listener on the signal after any end", async () => {
  const bodies: [Parameters<typeof readChatCompletions>[0], string][] = [
    [HELLO + DONE, "done"],
    [HELLO, "finished"],
    [events({ error: "no" }), "error"],
    [new Response("", { status: 500 }), "error"],
    [Promise.reject<Response>(new Error("no")), "error"],
  ]
  for (const [source, reason] of bodies) {
    const { controller, listeners } = countingSignal()
    const stream = readChatCompletions(source, { signal: controller.signal })
    expect(listeners()).toBe(0)
    const reading = all(stream).catch(() => {})
    expect(listeners()).toBe(1)
    await reading
    expect(await stream.ended).toMatchObject({ reason })
    expect(listeners()).toBe(0)
  }
  const { controller, listeners } = countingSignal()
  const stream = readChatCompletions(new ScriptedSource().stream, { signal: controller.signal })
  await stream.cancel()
  expect(listeners()).toBe(0)
})

test("readChatCompletions() leaves no unhandled rejection if the consumer ignores the failure", async () => {
  const clock = new ManualClock()
  const failures: Parameters<typeof readChatCompletions>[0][] = [
    Promise.reject<Response>(new Error("no")),
    () => Promise.reject<Response>(new Error("no")),
    new ScriptedSource().fail(new Error("reset")).stream,
    new Response("no", { status: 500 }),
    events({ error: "no" }),
    "data: }{\n\n",
    "<html>\n",
    new ScriptedSource().stream,
  ]
  for (const source of failures) {
    const chunks = readChatCompletions(source, { clock, timeouts: { total: 10 } })[Symbol.asyncIterator]()
    chunks.next().catch(() => {})
    const untouched = readChatCompletions(
      typeof source === "string" ? source : () => Promise.reject<Response>(new Error("no")),
    )
    untouched.toReadableStream()
    readChatCompletions(Promise.reject<Response>(new Error("no")))
  }
  await clock.advance(20)
  await settle()
  expect(clock.pendingTimers).toBe(0)
})

describe("readChatCompletions() and its cleanup", () => {
  test.each([0, -1, Number.NaN])("readChatCompletions() cancels at once if drain.bytes is %d", async (bytes) => {
    const { cancel, response } = endless(`${line("a", "stop")}\n${DONE_LINE}\n`)
    const clock = new ManualClock()
    const stream = readChatCompletions(() => response(), { clock, drain: { ms: 250, bytes } })
    await stream.collect()
    expect(cancel).toHaveBeenCalledOnce()
    expect(clock.pendingTimers).toBe(0)
  })

  test("readChatCompletions() has one outcome and no timer if a read returns a non-object", async () => {
    const clock = new ManualClock()
    const source = { [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }
    const stream = readChatCompletions(source as never, { clock })
    await expect(stream.collect()).rejects.toThrow(TypeError)
    expect(await stream.ended).toMatchObject({ reason: "error" })
    expect(clock.pendingTimers).toBe(0)
  })

  test("readChatCompletions() cancels the response of a function that aborted it", async () => {
    const { cancel, response } = endless()
    const controller = new AbortController()
    const ask = () => {
      controller.abort(new Error("mine"))
      return response()
    }
    await expect(readChatCompletions(ask, { signal: controller.signal }).collect()).rejects.toThrow("mine")
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce())
  })

  test("readChatCompletions() cancels a refused response that is never read", async () => {
    const { cancel, response } = endless()
    await readChatCompletions(response({ status: 500 })).cancel()
    expect(cancel).toHaveBeenCalledOnce()
  })

  test("readChatCompletions() obeys the total deadline on a clock below zero", async () => {
    const clock = new ManualClock()
    const early = Object.assign(Object.create(null) as object, {
      now: () => clock.now() - 1e6,
      setTimeout: (run: () => void, ms: number) => clock.setTimeout(run, ms),
      clearTimeout: (handle: unknown) => clock.clearTimeout(handle),
      random: () => 0.5,
    })
    const { response } = endless()
    const silent = new Response(new ReadableStream(), { headers: response().headers })
    const failed = readChatCompletions(silent, { clock: early, timeouts: { total: 1000 } })
      .collect()
      .catch((error: unknown) => error)
    await clock.advance(2000)
    expect(await failed).toMatchObject({ code: "timeout", phase: "total" })
  })
})

describe("readChatCompletions() ended in a callback", () => {
  test.each(["cancel", "abort"] as const)(
    "readChatCompletions() drops the rest of the piece after %s in onHeartbeat",
    async (how) => {
      const abort = new AbortController()
      const stop = () => (how === "cancel" ? void stream.cancel() : abort.abort(new Error("enough")))
      const stream = readChatCompletions([`: beat\n\n${HELLO}${DONE}`], { signal: abort.signal, onHeartbeat: stop })
      const chunks = stream[Symbol.asyncIterator]()
      await chunks.next().catch(() => {})
      expect(await chunks.next()).toEqual({ done: true, value: undefined })
      expect(stream.snapshot.choices).toEqual([])
      expect(await stream.ended).toMatchObject({ reason: "cancelled", chunks: 0 })
    },
  )
})
