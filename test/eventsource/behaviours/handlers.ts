/* Spec: https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-idl-attributes, and DOM's event targets */
import { type Behaviour, equal, next, ok, record } from "../behaviour.ts"
import { GATE } from "../script.ts"

const HANDLERS = ["onopen", "onmessage", "onerror"] as const

export const handlerBehaviours: readonly Behaviour[] = [
  {
    area: "handlers",
    name: "handlers are null at first and return the function that was set",
    async run({ connect, script }) {
      const source = connect((await script([{ ending: "hold" }])).url)
      const handler = () => {}
      for (const name of HANDLERS) {
        equal(source[name], null)
        source[name] = handler
        ok(source[name] === handler, "it returns the function")
      }
    },
  },
  {
    area: "handlers",
    name: "a handler that is not an object becomes null, and an object that is not callable does nothing",
    async run({ connect, script }) {
      const { url, pass } = await script([{ body: [GATE, "data: a\n\n"], ending: "hold" }])
      const source = connect(url)
      const handlers = source as unknown as Record<(typeof HANDLERS)[number], unknown>
      for (const value of [1, "f", true, undefined, Symbol("f"), null]) {
        handlers.onmessage = () => {}
        handlers.onmessage = value
        equal(handlers.onmessage, null)
      }
      const object = { handleEvent: () => ok(false, "a handler is not a listener object") }
      handlers.onmessage = object
      ok(handlers.onmessage === object, "an object is kept")
      const received = next(source)
      await pass()
      await received
    },
  },
  {
    area: "handlers",
    name: "a handler keeps the position of the first one, and moves to the end if it was null meanwhile",
    async run({ connect, script }) {
      const { url, pass } = await script([
        { body: [GATE, "data: a\n\n", GATE, "data: b\n\nevent: end\ndata\n\n"], ending: "hold" },
      ])
      const source = connect(url)
      const calls: string[] = []
      source.addEventListener("message", () => calls.push("before"))
      source.onmessage = () => calls.push("replaced")
      source.addEventListener("message", () => calls.push("after"))
      source.onmessage = () => calls.push("handler")
      const received = next(source)
      await pass()
      await received
      equal(calls, ["before", "handler", "after"])
      source.onmessage = null
      source.onmessage = () => calls.push("again")
      const ended = next(source, "end")
      await pass()
      await ended
      equal(calls.slice(3), ["before", "after", "again"])
    },
  },
  {
    area: "handlers",
    name: "a handler has the source as this, target and currentTarget",
    async run({ connect, script }) {
      const reply = { body: [GATE, "data: a\n\n"] as const }
      const { url, pass, seen: seenByServer } = await script([reply, { ending: "hold" }])
      const source = connect(url)
      const seen: boolean[] = []
      for (const name of HANDLERS) {
        source[name] = function (this: EventSource, event: Event) {
          seen.push(this === source && event.target === source && event.currentTarget === source)
          if (event.type === "error") source.close()
        }
      }
      const failed = next<Event>(source, "error")
      await pass()
      await failed
      await seenByServer()
      equal(seen, [true, true, true])
    },
  },
  {
    area: "handlers",
    name: "after its dispatch an event has no currentTarget, and keeps its target",
    needs: ["ending dispatch"],
    async run({ connect, script }) {
      const { url, seen } = await script([{ ending: "hold" }])
      const source = connect(url)
      const event = await next<Event>(source, "open")
      await seen(1)
      equal([event.currentTarget, event.target === source], [null, true])
    },
  },
  {
    area: "handlers",
    name: "a handler can be set to null by another one",
    async run({ connect, script }) {
      const { url } = await script([{ body: ["data: a\n\ndata: b\n\n"], ending: "hold" }])
      const source = connect(url)
      const calls: unknown[] = []
      source.onmessage = (event) => {
        calls.push(event.data)
        source.onmessage = null
      }
      await record(source).atLeast(3)
      equal(calls, ["a"])
    },
  },
  {
    area: "handlers",
    name: "an error of a listener is reported, and stops neither the other listeners nor the stream",
    needs: ["reportError"],
    async run({ connect, script }) {
      const { url, pass } = await script([{ body: [GATE, "data: a\n\ndata: b\n\n"], ending: "hold" }])
      const reported: unknown[] = []
      const onError = (event: Event) => {
        event.preventDefault()
        reported.push((event as ErrorEvent).error)
      }
      globalThis.addEventListener("error", onError)
      try {
        const source = connect(url)
        source.onmessage = () => {
          throw new RangeError("on purpose")
        }
        const recording = record(source)
        await pass()
        equal(await recording.atLeast(3), ["open 1", "message 1 a", "message 1 b"])
        equal(
          reported.map((error) => (error as Error).name),
          ["RangeError", "RangeError"],
        )
      } finally {
        globalThis.removeEventListener("error", onError)
      }
    },
  },
  {
    area: "event target",
    name: "listeners can be objects, be called once, be removed and be stopped by a signal",
    async run({ connect, script }) {
      const { url, pass } = await script([{ body: [GATE, "data: a\n\ndata: b\n\n"], ending: "hold" }])
      const source = connect(url)
      const calls: string[] = []
      const stop = new AbortController()
      const removed = () => calls.push("removed")
      source.addEventListener("message", { handleEvent: ({ type }: Event) => calls.push(`object ${type}`) })
      source.addEventListener("message", () => calls.push("once"), { once: true })
      source.addEventListener("message", () => calls.push("stopped"), { signal: stop.signal })
      source.addEventListener("message", removed)
      source.removeEventListener("message", removed)
      source.addEventListener("message", () => stop.abort())
      const recording = record(source)
      await pass()
      await recording.atLeast(3)
      equal(calls, ["object message", "once", "stopped", "object message"])
    },
  },
  {
    area: "event target",
    name: "stopImmediatePropagation hides an event from the following listeners",
    async run({ connect, script }) {
      const { url, pass } = await script([{ body: [GATE, "data: a\n\nevent: end\ndata: b\n\n"], ending: "hold" }])
      const source = connect(url)
      const calls: string[] = []
      source.onmessage = (event) => {
        calls.push("first")
        event.stopImmediatePropagation()
      }
      source.addEventListener("message", () => calls.push("second"))
      const ended = next(source, "end")
      await pass()
      await ended
      equal(calls, ["first"])
    },
  },
  {
    area: "event target",
    name: "an event that a script dispatches reaches handlers and listeners and changes no state",
    async run({ connect, script }) {
      const source = connect((await script([{ before: [GATE] }])).url)
      const recording = record(source)
      let handled = 0
      source.onerror = () => handled++
      source.dispatchEvent(new Event("error"))
      source.dispatchEvent(new MessageEvent("message", { data: "own" }))
      equal(recording.lines, ["error 0", "message 0 own"])
      equal(handled, 1)
    },
  },
]
