/* Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#concept-event-stream-reconnection-time and #concept-event-stream-last-event-id */
import { type Behaviour, type Need, equal, next, ok, record } from "../behaviour.ts"
import type { PlayedScript } from "../script.ts"

/** The Last-Event-ID of the nth request as text, or `undefined` without the header. */
async function sentId({ seen }: PlayedScript, request: number): Promise<string | undefined> {
  const header = (await seen(request))[request - 1]!.headers["last-event-id"]
  if (header === undefined) return undefined
  return new TextDecoder().decode(Uint8Array.from(header, (character) => character.charCodeAt(0)))
}

function resumes(name: string, body: string, id: string | undefined, needs: readonly Need[] = []): Behaviour {
  return {
    area: "ids",
    name,
    needs,
    async run({ connect, script }) {
      const played = await script([{ body: [`retry: 10\n\n${body}`] }, { ending: "hold" }])
      connect(played.url)
      equal(await sentId(played, 2), id, "Last-Event-ID")
    },
  }
}

/** Fails unless the reconnection follows within `ms`, which is less than the standard delay. */
async function reconnects(played: PlayedScript, ms: number): Promise<void> {
  const [first, second] = await played.seen(2)
  ok(second!.at - first!.at < ms, `the delay is the one that retry asks for, not ${second!.at - first!.at} ms`)
}

export const resumingBehaviours: readonly Behaviour[] = [
  {
    area: "request",
    name: "the request is a GET that accepts text/event-stream and has no body or cursor",
    async run({ connect, script }) {
      const { url, seen } = await script([{ ending: "hold" }])
      connect(`${url}?a=b&c`)
      const { method, headers, body, url: path } = (await seen(1))[0]!
      equal([method, body, path], ["GET", "", `${new URL(url).pathname}?a=b&c`])
      equal([headers["accept"], headers["last-event-id"]], ["text/event-stream", undefined])
    },
  },
  {
    area: "request",
    name: "the request bypasses caches",
    excuses: {
      "ours in Bun": "its fetch says nothing of cache: no-store to the server",
      "ours in Deno": "its fetch says nothing of cache: no-store to the server",
    },
    async run({ connect, script }) {
      const { url, seen } = await script([{ ending: "hold" }])
      connect(url)
      equal((await seen(1))[0]!.headers["cache-control"], "no-cache")
    },
  },
  resumes("the last id is sent with a reconnection", "id: 1\ndata: a\n\nid: 2\ndata: b\n\ndata: c\n\n", "2"),
  resumes("an id is sent as its UTF-8 bytes", "id: aä€😀\ndata: a\n\n", "aä€😀", ["header bytes"]),
  resumes("the id of a block without data is sent", "id: 1\n\n", "1"),
  resumes("the id of an unfinished block is not sent", "id: 1\ndata: a\n\nid: 2\ndata: b\n", "1"),
  resumes("no id is sent after an empty one", "id: 1\ndata: a\n\nid:\ndata: b\n\n", undefined),
  resumes("no id is sent where there was none", "data: a\n\n", undefined),
  resumes("an id may have colons and spaces inside", "id: a: b c\ndata: a\n\n", "a: b c"),
  {
    area: "ids",
    name: "the last event ID stays over reconnections, in requests and in events",
    async run({ connect, script }) {
      const played = await script([
        { body: ["retry: 10\nid: 1\ndata: a\n\n"] },
        { body: ["data: b\n\n"] },
        { status: 0 },
        { body: ["data: c\n\n"], ending: "hold" },
      ])
      const recording = record(connect(played.url), ["message"])
      await recording.atLeast(3)
      equal(
        recording.events.map((event) => (event as MessageEvent).lastEventId),
        ["1", "1", "1"],
      )
      equal([await sentId(played, 2), await sentId(played, 4)], ["1", "1"])
    },
  },
  {
    area: "reconnect",
    name: "retry sets the delay",
    async run({ connect, script }) {
      const { url, seen } = await script([{ body: ["retry: 600\n\n"] }, { ending: "hold" }])
      const source = connect(url)
      await next<Event>(source, "error")
      equal(source.readyState, 0)
      const [first, second] = await seen(2)
      // Rounding may lose a millisecond on either side.
      ok(second!.at - first!.at >= 590, "it is not asked again earlier")
    },
  },
  ...(
    [
      ["without a blank line counts", "retry: 10\n"],
      ["of 0 is taken", "retry: 0\n\n"],
      ["in a block of its own needs no data", "retry: 10\n\n"],
      [
        "that is not all digits is ignored",
        "retry: 10\nretry: -1\nretry: 1e9\nretry: 9000s\nretry: +9000\nretry:\u0661\n\n",
      ],
      ["that comes later replaces an earlier one", "retry: 9000\n\nretry: 10\n\n"],
    ] as const
  ).map(([name, body]): Behaviour => ({
    area: "reconnect",
    name: `a retry ${name}`,
    async run({ connect, script }) {
      const played = await script([{ body: [body] }, { ending: "hold" }])
      connect(played.url)
      await reconnects(played, 2_700)
    },
  })),
  {
    area: "reconnect",
    name: "a retry over 2^31 is not a retry of 0",
    async run({ connect, script, afterReconnection }) {
      const scripts = []
      for (const retry of ["2147483648", "99999999999", "9".repeat(40)]) {
        const played = await script([{ body: [`retry: ${retry}\n\n`] }])
        scripts.push(played)
        await next<Event>(connect(played.url), "error")
      }
      await afterReconnection()
      for (const { seen } of scripts) equal((await seen()).length, 1)
    },
  },
  {
    area: "reconnect",
    name: "the delay stays over reconnections",
    async run({ connect, script }) {
      const { url, seen } = await script([{ body: ["retry: 10\n\n"] }, {}, {}, { ending: "hold" }])
      connect(url)
      const requests = await seen(4)
      ok(requests[3]!.at - requests[0]!.at < 5_500, "it is not the standard delay")
    },
  },
]
