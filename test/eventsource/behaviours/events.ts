/* Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage, and #announce-the-connection */
import { type Behaviour, equal, next, ok, oursEverywhere, record } from "../behaviour.ts"
import { GATE } from "../script.ts"

export const eventBehaviours: readonly Behaviour[] = [
  {
    area: "open",
    name: "open fires at the headers, before the body",
    needs: ["early headers"],
    async run({ connect, script }) {
      const { url, pass } = await script([{ body: [GATE, "data: a\n\n"], ending: "hold" }])
      const recording = record(connect(url))
      equal(await recording.atLeast(1), ["open 1"])
      await pass()
      equal(await recording.atLeast(2), ["open 1", "message 1 a"])
    },
  },
  {
    area: "open",
    name: "open is a plain event that does not bubble and cannot be cancelled",
    async run({ connect, script }) {
      const { url } = await script([{ ending: "hold" }])
      const source = connect(url)
      const event = await next<Event>(source, "open")
      equal([event.type, event.bubbles, event.cancelable, "data" in event], ["open", false, false, false])
      ok(event.target === source, "its target is the source")
    },
  },
  {
    area: "message",
    name: "message is a MessageEvent with data, origin and lastEventId",
    async run({ connect, script, origins }) {
      const { url } = await script([{ body: ["id: 7\ndata: a\n\n"], ending: "hold" }])
      const event = await next(connect(url))
      ok(event instanceof MessageEvent, "it is a MessageEvent")
      equal([event.type, event.data, event.origin, event.lastEventId], ["message", "a", origins[0], "7"])
      equal([event.bubbles, event.cancelable, event.source, event.ports], [false, false, null, []])
    },
  },
  {
    area: "message",
    name: "the origin is that of the stream",
    needs: ["no base"],
    async run({ connect, script, origins }) {
      const { otherUrl } = await script([{ body: ["data: a\n\n"], ending: "hold" }])
      equal((await next(connect(otherUrl))).origin, origins[1])
    },
  },
  {
    area: "message",
    name: "a named event goes to its listeners and to no others",
    async run({ connect, script }) {
      const { url } = await script([
        { body: ["event: a\ndata: 1\n\ndata: 2\n\nevent: b\ndata: 3\n\n"], ending: "hold" },
      ])
      const recording = record(connect(url), ["a", "message", "b"])
      equal(await recording.atLeast(3), ["a 1 1", "message 1 2", "b 1 3"])
    },
  },
  {
    area: "message",
    name: "an event named message, and one whose name is empty, goes to message",
    async run({ connect, script }) {
      const { url } = await script([{ body: ["event: message\ndata: 1\n\nevent:\ndata: 2\n\n"], ending: "hold" }])
      equal(await record(connect(url)).atLeast(3), ["open 1", "message 1 1", "message 1 2"])
    },
  },
  {
    area: "message",
    name: "an event may have any name",
    async run({ connect, script }) {
      const names = ["__proto__", "constructor", "close", "a b", "ä", "on"]
      const body = names.map((name) => `event: ${name}\ndata: x\n\n`).join("")
      const { url } = await script([{ body: [body], ending: "hold" }])
      equal(
        await record(connect(url), names).atLeast(names.length),
        names.map((name) => `${name} 1 x`),
      )
    },
  },
  {
    area: "message",
    name: "an event named open or error by the server is a MessageEvent and changes no state",
    async run({ connect, script }) {
      const { url } = await script([{ body: ["event: open\ndata: 1\n\nevent: error\ndata: 2\n\n"], ending: "hold" }])
      const source = connect(url)
      const handled: string[] = []
      source.onopen = (event) => handled.push(`onopen ${"data" in event}`)
      source.onerror = (event) => handled.push(`onerror ${"data" in event}`)
      equal(await record(source).atLeast(3), ["open 1", "open 1 1", "error 1 2"])
      equal(handled, ["onopen false", "onopen true", "onerror true"])
    },
  },
  {
    area: "message",
    name: "promises settle between two events, so that a listener added for each event misses none",
    async run({ connect, script }) {
      const { url, pass } = await script([
        { body: [GATE, "data: 1\n\ndata: 2\n\nevent: a\ndata: 3\n\n"], ending: "hold" },
      ])
      const source = connect(url)
      const first = next(source)
      const passed = pass()
      const seen = [(await first).data]
      const take = async (type: string) => next(source, type)
      seen.push((await take("message")).data)
      seen.push((await (async () => take("a"))()).data)
      equal(seen, ["1", "2", "3"])
      await passed
    },
  },
  {
    area: "message",
    name: "events fire in stream order, whatever their names",
    async run({ connect, script }) {
      const names = Array.from({ length: 200 }, (_, index) => (index % 3 === 0 ? "a" : "message"))
      const body = names.map((name, index) => `event: ${name}\ndata: ${index}\n\n`).join("")
      const { url } = await script([{ body: [body], ending: "hold" }])
      const lines = await record(connect(url), ["a", "message"]).atLeast(names.length)
      equal(
        lines,
        names.map((name, index) => `${name} 1 ${index}`),
      )
    },
  },
  {
    area: "message",
    name: "events are trusted",
    excuses: oursEverywhere("a script cannot make a trusted event"),
    async run({ connect, script }) {
      const { url } = await script([{ body: ["data: a\n\n"], ending: "hold" }])
      equal((await next(connect(url))).isTrusted, true)
    },
  },
  {
    area: "error",
    name: "error is a plain event, with CLOSED for a refused response and CONNECTING after the end of a stream",
    async run({ connect, script }) {
      for (const [reply, state] of [
        [{ status: 404 }, 2],
        [{ body: ["retry: 10\n\n"] }, 0],
      ] as const) {
        const source = connect((await script([reply])).url)
        const event = await next<Event>(source, "error")
        equal(source.readyState, state)
        ok(!(event instanceof MessageEvent) && !("data" in event), "it is a plain event without data")
        equal([event.bubbles, event.cancelable], [false, false])
      }
    },
  },
]
