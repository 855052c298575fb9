/* Spec: https://fetch.spec.whatwg.org/#http-cors-protocol, with the modes of an EventSource request */
import { type Behaviour, type Context, equal, ok, record } from "../behaviour.ts"
import type { Reply } from "../script.ts"

const area = "cross-origin"
const EVENT = "data: a\n\n"
const CANNOT_TELL = "to a script it is a broken connection, so the source reconnects"

const REFUSED: readonly (readonly [
  name: string,
  withCredentials: boolean,
  headers: (origin: string) => Record<string, string>,
])[] = [
  ["no allowed origin", false, () => ({})],
  ["another allowed origin", false, () => ({ "access-control-allow-origin": "http://example.org" })],
  ["an empty allowed origin", false, () => ({ "access-control-allow-origin": "" })],
  ["credentials with any origin allowed", true, () => ({ "access-control-allow-origin": "*" })],
  ["credentials that are not allowed", true, (origin) => ({ "access-control-allow-origin": origin })],
]

async function answered({ connect, script }: Context, headers: Record<string, string>, init?: EventSourceInit) {
  const { otherUrl } = await script([{ headers, body: [EVENT], ending: "hold" }])
  return record(connect(otherUrl, init))
}

/** The cookie that a request with these credentials sends after it was set for both origins. */
async function cookie(context: Context, withCredentials: boolean, other: boolean): Promise<string | undefined> {
  const { origins, script, connect } = context
  // Cookies ignore the port, so those of other servers on this machine may be sent too.
  const name = `jar${new URL(origins[0]).port}`
  await fetch(`${origins[0]}/cookie?name=${name}&value=1`, { credentials: "include" })
  const headers = {
    "access-control-allow-origin": globalThis.location.origin,
    "access-control-allow-credentials": "true",
  }
  const { url, otherUrl, seen } = await script([{ headers, ending: "hold" }])
  await record(connect(other ? otherUrl : url, { withCredentials })).atLeast(1)
  const sent = (await seen(1))[0]!.headers["cookie"]?.split("; ")
  return sent?.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1)
}

export const crossOriginBehaviours: readonly Behaviour[] = [
  {
    area,
    name: "a stream of another origin that allows it opens, and its events have that origin",
    needs: ["cors"],
    async run(context) {
      const recording = await answered(context, { "access-control-allow-origin": "*" })
      equal(await recording.atLeast(2), ["open 1", "message 1 a"])
      equal((recording.events[1] as MessageEvent).origin, context.origins[1])
    },
  },
  {
    area,
    name: "the request sends its origin and needs no preflight",
    needs: ["cors"],
    async run({ connect, script, origins }) {
      const { otherUrl, seen } = await script([{ headers: { "access-control-allow-origin": "*" }, ending: "hold" }])
      await record(connect(otherUrl)).atLeast(1)
      equal((await seen(1))[0]!.headers["origin"], origins[0])
    },
  },
  {
    area,
    name: "a stream with credentials opens if the server allows them",
    needs: ["cors"],
    async run(context) {
      const headers = {
        "access-control-allow-origin": context.origins[0],
        "access-control-allow-credentials": "true",
      }
      const recording = await answered(context, headers, { withCredentials: true })
      equal(await recording.atLeast(2), ["open 1", "message 1 a"])
    },
  },
  ...REFUSED.flatMap(([name, withCredentials, headers]): Behaviour[] => [
    {
      area,
      name: `${name}: an error event, and no stream`,
      needs: ["cors"],
      async run(context) {
        const recording = await answered(context, headers(context.origins[0]), { withCredentials })
        const [line] = await recording.atLeast(1)
        ok(line?.startsWith("error") === true, "the first event is error")
      },
    },
    {
      area,
      name: `${name}: the state is CLOSED`,
      needs: ["cors"],
      excuses: { "ours in Chromium": CANNOT_TELL },
      async run(context) {
        const recording = await answered(context, headers(context.origins[0]), { withCredentials })
        equal(await recording.atLeast(1), ["error 2"])
      },
    },
  ]),
  {
    area,
    name: "a redirect to another origin is followed, and the events have that origin",
    async run({ connect, script, origins }) {
      const target = await script([{ headers: { "access-control-allow-origin": "*" }, body: [EVENT], ending: "hold" }])
      const { url } = await script([{ status: 302, headers: { location: target.otherUrl } }])
      const recording = record(connect(url))
      equal(await recording.atLeast(2), ["open 1", "message 1 a"])
      equal((recording.events[1] as MessageEvent).origin, origins[1])
    },
  },
  ...([false, true] as const).map((preflight): Behaviour => ({
    area,
    name: `a reconnection sends the last id to another origin${preflight ? " that answers preflights" : ""}`,
    needs: ["cors"],
    excuses: preflight ? {} : { "ours in Chromium": "fetch sends a preflight for the header first" },
    async run({ connect, script }) {
      const reply: Reply = { headers: { "access-control-allow-origin": "*" }, preflight }
      const played = await script([
        { ...reply, body: ["retry: 10\nid: 1\ndata: a\n\n"] },
        { ...reply, body: [EVENT], ending: "hold" },
      ])
      await record(connect(played.otherUrl), ["message"]).atLeast(2)
      equal((await played.seen(2))[1]!.headers["last-event-id"], "1")
    },
  })),
  {
    area,
    name: "a reconnection sends the last id through a redirect to another origin",
    needs: ["no base"],
    async run({ connect, script }) {
      const target = await script([{ body: ["retry: 10\nid: 1\ndata: a\n\n"] }, { ending: "hold" }])
      const { url } = await script([{ status: 307, headers: { location: target.otherUrl } }])
      connect(url)
      equal((await target.seen(2))[1]!.headers["last-event-id"], "1")
    },
  },
  {
    area: "credentials",
    name: "cookies are sent to the same origin",
    needs: ["cookies"],
    run: async (context) => equal(await cookie(context, false, false), "1"),
  },
  {
    area: "credentials",
    name: "cookies are sent to another origin with credentials",
    needs: ["cookies"],
    run: async (context) => equal(await cookie(context, true, true), "1"),
  },
  {
    area: "credentials",
    name: "cookies are not sent to another origin without credentials",
    needs: ["cookies"],
    run: async (context) => equal(await cookie(context, false, true), undefined),
  },
]
