import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { EventSource, type EventSourceInit } from "steadystream/eventsource"
import { ManualClock, scriptedFetch } from "steadystream/testing"
import { afterEach, describe, expect, test, vi } from "vitest"
import { runProgram } from "../support/program.ts"
import { settle } from "../support/streams.ts"

const TARGET = "https://example.com/stream"
const opened: EventSource[] = []
afterEach(() => {
  for (const source of opened.splice(0)) source.close()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})
function connect(chunks: string[], init: EventSourceInit = {}, Class: typeof EventSource = EventSource) {
  const clock = new ManualClock()
  const fetch = scriptedFetch([{ chunks, end: "stall" }])
  const source = new Class(TARGET, { clock, fetch, ...init })
  opened.push(source)
  return { source, clock, fetch }
}

describe("EventSource and event handler attributes", () => {
  test.each(["open", "message", "error"] as const)(
    "EventSource calls on%s with itself as this, behind another listener",
    async (type) => {
      const { source, clock } = connect(
        ["data: a\n\n"],
        type === "error" ? { fetch: scriptedFetch([new Error("down")]) } : {},
      )
      const seen: unknown[] = []
      source.addEventListener(type, () => {})
      source.addEventListener(type, () => {})
      source[`on${type}`] = function (this: unknown) {
        seen.push(this)
      } as never
      await clock.advance(10)
      expect(seen).toEqual([source])
    },
  )

  test("EventSource calls a replaced onmessage with itself as this", async () => {
    const { source, clock } = connect(["data: a\n\n"])
    const seen: unknown[] = []
    source.addEventListener("message", () => {})
    source.onmessage = () => {}
    source.onmessage = function () {
      seen.push(this)
    }
    await clock.advance(10)
    expect(seen).toEqual([source])
  })

  const accessors: [string, "get" | "set"][] = [
    ...(["onopen", "onmessage", "onerror", "url", "withCredentials", "readyState"].map((name) => [name, "get"]) as [
      string,
      "get",
    ][]),
    ...(["onopen", "onmessage", "onerror"].map((name) => [name, "set"]) as [string, "set"][]),
  ]
  test.each(accessors)("EventSource.prototype names the accessor of %s as the platform does (%s)", (name, kind) => {
    const accessor = Object.getOwnPropertyDescriptor(EventSource.prototype, name)?.[kind]
    expect(accessor?.name).toBe(`${kind} ${name}`)
  })

  test("EventSource.prototype names close, and the class, as the platform does", () => {
    expect([EventSource.name, EventSource.prototype.close.name, EventSource.length]).toEqual([
      "EventSource",
      "close",
      1,
    ])
  })
})

describe("EventSource and events that cannot be dispatched", () => {
  test.each(["message", "open"])(
    "EventSource goes on if the dispatchEvent of a subclass throws at %s",
    async (type) => {
      const print = vi.spyOn(console, "error").mockImplementation(() => {})
      let thrown = 0
      class Fragile extends (EventSource as unknown as typeof globalThis.EventSource) {
        override dispatchEvent(event: Event): boolean {
          if (event.type === type && thrown++ === 0) throw new Error("broken")
          return super.dispatchEvent(event)
        }
      }
      const { source, clock } = connect(["data: a\n\ndata: b\n\n"], {}, Fragile as never)
      const data: unknown[] = []
      source.addEventListener("message", (event) => void data.push(event.data))
      await clock.advance(10)
      expect(data).toEqual(type === "message" ? ["b"] : ["a", "b"])
      expect(print).toHaveBeenCalledTimes(1)
      expect(source.readyState).toBe(EventSource.OPEN)
    },
  )

  test("EventSource reports each event that it cannot make if MessageEvent is missing", async () => {
    const reported: unknown[] = []
    vi.stubGlobal("reportError", (error: unknown) => void reported.push(error))
    vi.stubGlobal("MessageEvent", undefined)
    const { source, clock } = connect(["data: a\n\ndata: b\n\n"])
    const data: unknown[] = []
    source.addEventListener("message", (event) => void data.push(event.data))
    await clock.advance(10)
    expect(data.length + reported.length).toBeGreaterThan(0)
    expect([0, 2]).toContain(data.length)
  })

  test("EventSource reconnects if the dispatchEvent of a subclass throws at an error event", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {})
    class Fragile extends (EventSource as unknown as typeof globalThis.EventSource) {
      override dispatchEvent(event: Event): boolean {
        if (event.type === "error") throw new Error("broken")
        return super.dispatchEvent(event)
      }
    }
    const fetch = scriptedFetch([new Error("down"), { chunks: ["data: a\n\n"], end: "stall" }])
    const { source, clock } = connect([], { fetch }, Fragile as never)
    const data: unknown[] = []
    source.addEventListener("message", (event) => void data.push(event.data))
    await clock.advance(60_000)
    expect(data).toEqual(["a"])
  })
})

describe("EventSource and functions of the caller that use the source", () => {
  test("EventSource asks for headers after its constructor has returned", async () => {
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }])
    const { source, clock }: { source: EventSource; clock: ManualClock } = connect([], {
      fetch,
      headers: () => ({ "x-state": String(source.readyState) }),
    })
    await clock.advance(10)
    expect(fetch.requests.map(({ headers }) => headers.get("x-state"))).toEqual(["0"])
    expect(source.readyState).toBe(EventSource.OPEN)
  })

  test("EventSource asks for a body after its constructor has returned", async () => {
    const fetch = scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }])
    const { source, clock }: { source: EventSource; clock: ManualClock } = connect([], {
      fetch,
      method: "POST",
      body: () => String(source.readyState),
    })
    await clock.advance(10)
    expect(fetch.requests.map(({ body }) => body)).toEqual(["0"])
  })

  test("EventSource calls fetch after its constructor has returned", async () => {
    const states: number[] = []
    const scripted = scriptedFetch([{ chunks: ["data: a\n\n"], end: "stall" }])
    const { source, clock }: { source: EventSource; clock: ManualClock } = connect([], {
      fetch: (url, init) => {
        states.push(source.readyState)
        return scripted(url, init)
      },
    })
    await clock.advance(10)
    expect(states).toEqual([0])
  })

  test("EventSource refuses an async shouldRetry", async () => {
    const fetch = scriptedFetch([new Error("down")])
    try {
      const { clock } = connect([], { fetch, retry: { shouldRetry: (async () => false) as never } })
      await clock.advance(60_000)
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
      return
    }
    expect(fetch.requests).toHaveLength(1)
  })
})

describe("EventSource and bundles and old platforms", () => {
  const entry = fileURLToPath(new URL("../../src/eventsource/index.ts", import.meta.url))

  test.each([
    ["minified", { minify: true }],
    ["minified for an old target", { minify: true, target: "es2021" }],
  ])("EventSource keeps its name in a bundle that is %s", async (_, options) => {
    const { outputFiles } = await build({
      ...options,
      stdin: {
        contents: `export { EventSource } from ${JSON.stringify(entry)}`,
        resolveDir: fileURLToPath(new URL(".", import.meta.url)),
      },
      bundle: true,
      write: false,
      format: "esm",
      logLevel: "silent",
    })
    const code = Buffer.from(outputFiles[0]!.text).toString("base64")
    const bundled = (await import(/* @vite-ignore */ `data:text/javascript;base64,${code}`)) as {
      EventSource: typeof EventSource
    }
    const accessor = Object.getOwnPropertyDescriptor(bundled.EventSource.prototype, "onopen")
    expect([bundled.EventSource.name, accessor?.get?.name]).toEqual(["EventSource", "get onopen"])
    expect(Object.prototype.toString.call(bundled.EventSource.prototype)).toBe("[object EventSource]")
  })

  test.each(["EventTarget", "Event", "MessageEvent"])(
    "EventSource can be imported where %s is missing, and throws only when it is made",
    async (name) => {
      const { code, output, errors } = await runProgram(`
        globalThis.${name} = undefined
        const { EventSource } = await import("${new URL("../../src/eventsource/index.ts", import.meta.url).href}")
        console.log(typeof EventSource)
        try { new EventSource("http://127.0.0.1:1/").close(); console.log("made") } catch (error) { console.log(error.name) }
        process.exit(0)`)
      expect([code, errors]).toEqual([0, ""])
      expect(output.split("\n")[0]).toBe("function")
      if (name === "EventTarget") expect(output.split("\n")[1]).toBe("TypeError")
    },
  )
})

describe("EventSource and the specification", () => {
  test("EventSource never dispatches an event without data", async () => {
    const { source, clock } = connect(["event: complete\n\ndata: a\n\n"])
    const seen: string[] = []
    source.addEventListener("complete", () => void seen.push("complete"))
    source.addEventListener("message", () => void seen.push("message"))
    await clock.advance(10)
    await settle()
    expect(seen).toEqual(["message"])
  })
})
