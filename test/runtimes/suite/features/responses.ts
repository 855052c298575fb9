/* eventStreamResponse: from Request to Response in this realm, and through a server of the runtime. */
import { readEvents } from "steadystream"
import { subscribe } from "steadystream/client"
import { eventStreamResponse, type Session } from "steadystream/server"
import { equal, ok, rejection } from "../checks.ts"
import type { SuiteCases } from "../suite.ts"
import { AT_ONCE, follow } from "./subscribe.ts"

const URL_OF_REQUESTS = "https://example.com/stream"

/** A promise, and the function that fulfils it. */
export function signalled<T = void>(): { readonly promise: Promise<T>; readonly fire: (value: T) => void } {
  let fire!: (value: T) => void
  const promise = new Promise<T>((resolve) => void (fire = resolve))
  return { promise, fire }
}

/** A source that counts from the last event ID to `last`. */
function countTo(last: number) {
  return async function* ({ lastEventId }: Session) {
    for (let n = Number(lastEventId) + 1; n <= last; n++) yield { id: `${n}`, event: "tick", data: `${n} ✓` }
  }
}

/** A source of one event that then sends nothing, and says when it was stopped. */
function silentSource() {
  const stopped = signalled()
  const source = (session: Session) => {
    session.signal.addEventListener("abort", () => stopped.fire())
    void session.send({ id: "1", data: "a" }).catch(() => {})
  }
  return { source, stopped: stopped.promise }
}

const inProcess: SuiteCases = {
  "eventStreamResponse sends its headers and the events of its source": async () => {
    const response = eventStreamResponse(countTo(2), { retry: 2000 })
    equal(response.status, 200)
    equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8")
    equal(response.headers.get("cache-control"), "no-store, no-transform")
    equal(response.headers.get("x-accel-buffering"), "no")
    const text = "retry: 2000\n\nevent: tick\nid: 1\ndata: 1 ✓\n\nevent: tick\nid: 2\ndata: 2 ✓\n\n"
    equal(await response.text(), text)
  },
  "eventStreamResponse begins after the last event ID of the request, as UTF-8 too": async () => {
    const request = new Request(URL_OF_REQUESTS, { headers: { "last-event-id": "2" } })
    equal(await eventStreamResponse(countTo(3), { request }).text(), "event: tick\nid: 3\ndata: 3 ✓\n\n")
    const bytes = String.fromCharCode(...new TextEncoder().encode("é✓"))
    const ids: string[] = []
    const source = (session: Session) => {
      ids.push(session.lastEventId)
      session.close()
    }
    const headers = { get: (name: string) => (name.toLowerCase() === "last-event-id" ? bytes : null) }
    await eventStreamResponse(source, { request: { headers } }).text()
    equal(ids, ["é✓"])
  },
  "eventStreamResponse answers HEAD with headers only, and does not start its source": async () => {
    let isStarted = false
    const source = () => void (isStarted = true)
    const response = eventStreamResponse(source, { request: new Request(URL_OF_REQUESTS, { method: "HEAD" }) })
    equal([await response.text(), isStarted], ["", false])
  },
  "eventStreamResponse stops its source when its body is cancelled and when its signal aborts": async () => {
    const cancelled = silentSource()
    const reader = eventStreamResponse(cancelled.source).body!.getReader()
    await reader.read()
    await reader.cancel()
    await cancelled.stopped
    const aborted = silentSource()
    const stop = new AbortController()
    const events = readEvents(eventStreamResponse(aborted.source, { signal: stop.signal }))
    equal((await events.next()).value?.data, "a")
    stop.abort(new RangeError("enough"))
    equal((await rejection(() => events.next())).name, "SseConnectionError")
    await aborted.stopped
  },
  "eventStreamResponse delivers what its source sent before it failed, and hides its error": async () => {
    const errors: unknown[] = []
    async function* failing() {
      yield { data: "a" }
      throw new Error("secret")
    }
    const response = eventStreamResponse(failing(), { onError: (error) => void errors.push(error) })
    const events = readEvents(response)
    equal((await events.next()).value?.data, "a")
    const error = await rejection(() => events.next())
    equal([error.name, error.message.includes("secret")], ["SseConnectionError", false])
    equal((errors[0] as Error).message, "secret")
  },
  "eventStreamResponse runs its source no faster than its body is read": async () => {
    let made = 0
    async function* endless() {
      for (;;) yield { data: `${++made}` }
    }
    const reader = eventStreamResponse(endless()).body!.getReader()
    for (let read = 0; read < 3; read++) await reader.read()
    await new Promise((resolve) => void setTimeout(resolve, 20))
    ok(made <= 8, `3 events were read, and ${made} were made`)
    await reader.cancel()
  },
  "eventStreamResponse sends comments while its source is silent": async () => {
    const { source } = silentSource()
    const comments: string[] = []
    const reading = (async () => {
      const response = eventStreamResponse(source, { keepAlive: 20 })
      for await (const _ of readEvents(response, { onComment: (text) => comments.push(text) })) {
        await new Promise((resolve) => void setTimeout(resolve, 1))
        break
      }
    })()
    await reading
    const twice = eventStreamResponse(source, { keepAlive: 20 }).body!.getReader()
    const text = async () => new TextDecoder().decode((await twice.read()).value)
    equal([await text(), await text()], ["id: 1\ndata: a\n\n", ": keep-alive\n\n"])
    await twice.cancel()
  },
}

const overNetwork: SuiteCases = {
  "a served response delivers each event at once": async ({ serve }) => {
    const goOn = signalled()
    const origin = await serve((request) =>
      eventStreamResponse(
        async function* () {
          yield { data: "a" }
          await goOn.promise
          yield { data: "b" }
        },
        { request },
      ),
    )
    const data: string[] = []
    for await (const event of readEvents(await fetch(origin))) {
      data.push(event.data)
      goOn.fire()
    }
    equal(data, ["a", "b"])
  },
  "a served response resumes for a subscription that comes back": async ({ serve }) => {
    const cursors: string[] = []
    const origin = await serve((request) => {
      const cursor = request.headers.get("last-event-id") ?? ""
      cursors.push(cursor)
      if (cursor === "6") return new Response(null, { status: 204 })
      return eventStreamResponse(countTo(Number(cursor) + 2), { request })
    })
    const { data, outcome } = await follow(subscribe(origin, AT_ONCE))
    equal([outcome, data.length, cursors], ["done", 6, ["", "2", "4", "6"]])
  },
  "a served response stops its source when its client leaves": async ({ serve }) => {
    const { source, stopped } = silentSource()
    // Some servers see that a client has left only when they write to it.
    const origin = await serve((request) => eventStreamResponse(source, { request, keepAlive: 50 }))
    const leaving = new AbortController()
    const events = readEvents(await fetch(origin, { signal: leaving.signal }))
    equal((await events.next()).value?.data, "a")
    leaving.abort()
    await rejection(() => events.next())
    await stopped
  },
  "a served response whose source fails is a broken connection for its client": async ({ serve }) => {
    const failing = async function* () {
      yield { data: "a" }
      await new Promise((resolve) => void setTimeout(resolve, 20))
      throw new Error("secret")
    }
    const origin = await serve((request) => eventStreamResponse(failing(), { request, onError: () => {} }))
    const data: string[] = []
    const error = await rejection(async () => {
      for await (const event of readEvents(await fetch(origin))) data.push(event.data)
    })
    equal([error.name, data], ["SseConnectionError", ["a"]])
  },
}

export const responses: SuiteCases = { ...inProcess, ...overNetwork }
