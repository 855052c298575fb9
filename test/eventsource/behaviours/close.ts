/* Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#dom-eventsource-close */
import { type Behaviour, equal, next, record } from "../behaviour.ts"
import { GATE } from "../script.ts"

const area = "close"

export const closeBehaviours: readonly Behaviour[] = [
  {
    area,
    name: "close() at once fires no event, at any time",
    async run({ connect, script, afterReconnection }) {
      const { url } = await script([{ body: ["data: a\n\n"], ending: "hold" }])
      const source = connect(url)
      const recording = record(source)
      source.close()
      equal(source.readyState, 2)
      await afterReconnection()
      equal(recording.lines, [])
      equal(source.readyState, 2)
    },
  },
  {
    area,
    name: "close() can be called twice, and after a failure",
    async run({ connect, script }) {
      const source = connect((await script([{ status: 500 }])).url)
      const recording = record(source)
      await recording.atLeast(1)
      source.close()
      source.close()
      equal([recording.lines, source.readyState], [["error 2"], 2])
    },
  },
  {
    area,
    name: "close() in open drops the events already received",
    async run({ connect, script, afterReconnection }) {
      const { url } = await script([{ body: ["data: a\n\n"], ending: "hold" }])
      const source = connect(url)
      const recording = record(source)
      source.onopen = () => source.close()
      await recording.atLeast(1)
      await afterReconnection()
      equal(recording.lines, ["open 1"])
      equal(source.readyState, 2)
    },
  },
  {
    area,
    name: "close() in message drops the other events of the chunk",
    async run({ connect, script, afterReconnection }) {
      const { url } = await script([{ body: ["data: a\n\ndata: b\n\ndata: c\n\n"] }])
      const source = connect(url)
      const recording = record(source)
      source.onmessage = ({ data }) => {
        if (data === "b") source.close()
      }
      await recording.atLeast(3)
      await afterReconnection()
      equal(recording.lines, ["open 1", "message 1 a", "message 1 b"])
    },
  },
  {
    area,
    name: "close() in error prevents the reconnection",
    async run({ connect, script, afterReconnection }) {
      const { url, seen } = await script([{ body: ["retry: 1\n\n"] }])
      const source = connect(url)
      source.onerror = () => source.close()
      await next<Event>(source, "error")
      await afterReconnection()
      equal([(await seen()).length, source.readyState], [1, 2])
    },
  },
  {
    area,
    name: "close() before a reconnection is due prevents it",
    async run({ connect, script, afterReconnection }) {
      const { url, seen } = await script([{ body: ["retry: 100\n\n"] }])
      const source = connect(url)
      await next<Event>(source, "error")
      await Promise.resolve()
      source.close()
      await afterReconnection()
      equal([(await seen()).length, source.readyState], [1, 2])
    },
  },
  {
    area: "cancellation",
    name: "close() ends the connection of an open stream",
    async run({ connect, script }) {
      const { url, closed } = await script([{ body: ["data: a\n\n"], ending: "hold" }])
      const source = connect(url)
      await next(source)
      source.close()
      await closed(1)
    },
  },
  {
    area: "cancellation",
    name: "close() aborts a request without a response",
    async run({ connect, script }) {
      const { url, seen, closed } = await script([{ before: [GATE] }])
      const source = connect(url)
      const recording = record(source)
      await seen(1)
      source.close()
      await closed(1)
      equal(recording.lines, [])
    },
  },
  {
    area: "cancellation",
    name: "a refused response fails without its body",
    async run({ connect, script }) {
      const { url, closed } = await script([{ status: 404, body: ["no"], ending: "hold" }])
      const source = connect(url)
      equal(await record(source).atLeast(1), ["error 2"])
      await closed(1)
    },
  },
  {
    area: "cancellation",
    name: "window.stop() is an error event and CLOSED",
    needs: ["document"],
    excuses: { "ours in Chromium": "to a script it is a broken connection, so the source reconnects" },
    async run({ connect, script }) {
      const { url } = await script([{ body: ["retry: 10\n\n"], ending: "hold" }])
      const source = connect(url)
      await next<Event>(source, "open")
      const recording = record(source)
      globalThis.stop()
      equal(await recording.atLeast(1), ["error 2"])
    },
  },
]
