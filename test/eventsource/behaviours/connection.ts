/* Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#reestablish-the-connection, and #fail-the-connection */
import { type Behaviour, equal, ok, record } from "../behaviour.ts"
import { GATE, type Reply } from "../script.ts"

const EVENT = "data: a\n\n"

function refused(area: string, name: string, reply: Reply): Behaviour {
  return {
    area,
    name: `${name} is an error event and CLOSED`,
    async run({ connect, script }) {
      const { url } = await script([{ body: [`retry: 1\n${EVENT}`], ...reply }])
      equal(await record(connect(url)).atLeast(1), ["error 2"])
    },
  }
}

function opened(name: string, type: string, more: Partial<Behaviour> = {}): Behaviour {
  return {
    area: "MIME type",
    name: `${name} opens`,
    ...more,
    async run({ connect, script }) {
      const { url } = await script([{ type, body: [EVENT], ending: "hold" }])
      equal(await record(connect(url)).atLeast(2), ["open 1", "message 1 a"])
    },
  }
}

function reopened(name: string, ending: "end" | "reset"): Behaviour {
  return {
    area: "reconnect",
    name: `${name} is followed by error, CONNECTING and another request`,
    async run({ connect, script }) {
      const reply: Reply = { body: [`retry: 10\n${EVENT}`, GATE], ending }
      const { url, pass } = await script([reply, { body: [EVENT], ending: "hold" }])
      const recording = record(connect(url))
      await recording.atLeast(2)
      await pass()
      equal(await recording.atLeast(5), ["open 1", "message 1 a", "error 0", "open 1", "message 1 a"])
    },
  }
}

function redirect(status: number): Behaviour {
  return {
    area: "redirects",
    name: `${status} is followed`,
    async run({ connect, script, origins }) {
      const target = await script([{ body: [EVENT], ending: "hold" }])
      const { url } = await script([{ status, headers: { location: new URL(target.url).pathname } }])
      const source = connect(url)
      const recording = record(source)
      equal(await recording.atLeast(2), ["open 1", "message 1 a"])
      equal([source.url, (recording.events[1] as MessageEvent).origin], [url, origins[0]])
    },
  }
}

export const connectionBehaviours: readonly Behaviour[] = [
  reopened("the end of a stream", "end"),
  reopened("a stream that breaks", "reset"),
  {
    area: "reconnect",
    name: "a connection that breaks before a response is followed by error, CONNECTING and another request",
    async run({ connect, script }) {
      const { url } = await script([
        { body: ["retry: 10\n\n"] },
        { status: 0 },
        { status: 0 },
        { body: [EVENT], ending: "hold" },
      ])
      const recording = record(connect(url), ["message", "error"])
      // Chromium repeats a request by itself if a reused connection breaks.
      const lines = await recording.atLeast(2)
      while (!lines.includes("message 1 a")) await recording.atLeast(lines.length + 1)
      ok(lines.length <= 4 && lines.slice(0, -1).every((line) => line === "error 0"), "the others are errors")
    },
  },
  {
    area: "reconnect",
    name: "a server that cannot be reached is an error event, and no stream",
    async run({ connect }) {
      // No server listens on this port, and browsers block it.
      const source = connect("http://127.0.0.1:9/")
      const [line] = await record(source).atLeast(1)
      ok(line === "error 0" || line === "error 2", "an error event is fired")
    },
  },
  ...[201, 202, 204, 205, 206, 300, 400, 401, 403, 404, 410, 429, 500, 502, 503].map((status) =>
    refused("status", `${status}`, { status, ...((status === 204 || status === 205) && { body: [] }) }),
  ),
  {
    area: "status",
    name: "a refused response to a reconnection is an error event and CLOSED",
    async run({ connect, script }) {
      const { url } = await script([{ body: ["retry: 1\n\n"] }, { status: 503 }])
      equal(await record(connect(url)).atLeast(3), ["open 1", "error 0", "error 2"])
    },
  },
  {
    area: "status",
    name: "no event and no request follow a refused response",
    async run({ connect, script, afterReconnection }) {
      const replies: Reply[] = [{ status: 204 }, { status: 404 }, { status: 503 }, { type: "text/html" }]
      const scripts = await Promise.all(replies.map((reply) => script([{ body: ["retry: 1\n\n"] }, reply])))
      const recordings = scripts.map(({ url }) => record(connect(url)))
      for (const recording of recordings) await recording.atLeast(3)
      await afterReconnection()
      equal(
        recordings.map(({ lines }) => lines.length),
        [3, 3, 3, 3],
      )
      for (const { seen } of scripts) equal((await seen()).length, 2)
    },
  },
  opened("text/event-stream", "text/event-stream"),
  opened("any case", "TEXT/Event-Stream"),
  opened("charset=utf-8", "text/event-stream;charset=utf-8"),
  opened("charset=UTF-8 in quotes", 'text/event-stream; charset="UTF-8"'),
  opened("another parameter", "text/event-stream;x=y"),
  opened("a parameter that is empty", "text/event-stream;"),
  refused("MIME type", "none", { type: null }),
  refused("MIME type", "text/html", { type: "text/html" }),
  refused("MIME type", "text/plain", { type: "text/plain; charset=utf-8" }),
  refused("MIME type", "a longer type", { type: "text/event-streamfoo" }),
  refused("MIME type", "another tree", { type: "x-text/event-stream" }),
  refused("MIME type", "half a type", { type: "event-stream" }),
  ...[301, 302, 303, 307, 308].map((status) => redirect(status)),
  {
    area: "redirects",
    name: "a redirect without a location is refused",
    async run({ connect, script }) {
      const { url } = await script([{ status: 302 }])
      equal(await record(connect(url)).atLeast(1), ["error 2"])
    },
  },
  {
    area: "redirects",
    name: "a redirect loop is an error event, and no stream",
    async run({ connect, script }) {
      const { url } = await script([{ status: 302, headers: { location: "?again" } }])
      const [line] = await record(connect(url)).atLeast(1)
      ok(line === "error 0" || line === "error 2", "an error event is fired")
    },
  },
  {
    area: "redirects",
    name: "a redirect to a scheme other than http and https is an error event, and no stream",
    async run({ connect, script }) {
      const { url } = await script([{ status: 302, headers: { location: "data:text/event-stream,data:%20a%0A%0A" } }])
      const [line] = await record(connect(url)).atLeast(1)
      ok(line === "error 0" || line === "error 2", "an error event is fired")
    },
  },
  {
    area: "redirects",
    name: "a reconnection starts at the original URL",
    excuses: { "native Chromium": "it reconnects to the target of the redirect" },
    async run({ connect, script }) {
      const target = await script([{ body: ["retry: 10\n\n"] }, { ending: "hold" }])
      const first = await script([{ status: 307, headers: { location: new URL(target.url).pathname } }])
      connect(first.url)
      await target.seen(2)
      equal((await first.seen()).length, 2, "how often the original URL was asked")
    },
  },
]
