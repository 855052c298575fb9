/* A subscription across reconnections: what it delivers, from where it resumes, and how it ends. */
import { subscribe, type Subscription, type SubscribeOptions } from "steadystream/client"
import { GATE } from "../../../eventsource/script.ts"
import { ENCODES_HEADERS, sendsHeaderBytes } from "../asked.ts"
import { equal, ok } from "../checks.ts"
import { needs, type SuiteCases } from "../suite.ts"

/** Reconnects at once, so that cases are quick. */
export const AT_ONCE: Pick<SubscribeOptions, "retry"> = { retry: { initialDelay: 0, jitter: false } }

/** Reads a subscription to its end; returns the data of its events, and the code or the name of its failure. */
export async function follow(subscription: Subscription): Promise<{ data: string[]; outcome: string; error?: Error }> {
  const data: string[] = []
  try {
    for await (const event of subscription) data.push(event.data)
    return { data, outcome: "done" }
  } catch (error) {
    const { code, name } = error as Error & { code?: unknown }
    return { data, outcome: typeof code === "string" ? code : name, error: error as Error }
  }
}

/** A header as text, of which the server saw one character for each byte. */
function textOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  return new TextDecoder().decode(Uint8Array.from(header, (character) => character.charCodeAt(0)))
}

const IDS: readonly string[] = ["1", "é", "✓1", "日本", "🎈", "a b", "~!@#"]

const resumes: SuiteCases = Object.fromEntries(
  IDS.map((id) => [
    `subscribe resumes from the ID ${JSON.stringify(id)}`,
    async (context) => {
      const { script } = context
      if (/[^ -~]/.test(id)) needs(await sendsHeaderBytes(context), ENCODES_HEADERS)
      const played = await script([{ body: [`id: ${id}\ndata: a\n\nid: lost\ndata: b\n`] }, { status: 204 }])
      const { data, outcome } = await follow(subscribe(played.url, AT_ONCE))
      equal([data, outcome], [["a"], "done"])
      const [first, second] = await played.seen(2)
      equal(first?.headers["last-event-id"], undefined, "the first ID")
      equal(textOf(second?.headers["last-event-id"]), id, "the second ID")
      equal(first?.headers["accept"], "text/event-stream", "the accepted type")
    },
  ]),
)

export const subscribeCases: SuiteCases = {
  ...resumes,
  "subscribe reconnects after a clean end, a reset and a refused connection, and loses nothing": async ({ script }) => {
    const played = await script([
      { body: ["retry: 100\nid: 1\ndata: a\n\n"] },
      { status: 0 },
      { body: ["id: 2\ndata: b\n\n", GATE], ending: "reset" },
      // Measured: WebKit may repeat the request that was reset, and drop the reply to it.
      { body: ["id: 2\ndata: b\n\n"] },
      { status: 503, type: null },
      { body: ["id: 3\ndata: c\n\n"] },
      { status: 204 },
    ])
    const data: string[] = []
    const states: string[] = []
    const onStateChange = (state: string) => void states.push(state)
    const subscription = subscribe(played.url, { ...AT_ONCE, dedupe: true, onStateChange })
    for await (const event of subscription) {
      data.push(event.data)
      if (event.data === "b") await played.pass()
    }
    equal(data, ["a", "b", "c"])
    equal([subscription.lastEventId, subscription.end?.reason], ["3", "no-content"])
    // Not 5: some runtimes repeat a request themselves if its connection was reset before the response.
    ok(subscription.retries >= 4, "each failure was retried")
    equal(states.at(-1), "closed")
    const ids = (await played.seen()).map(({ headers }) => headers["last-event-id"])
    equal(
      ids.filter((id, at) => at === 0 || id !== ids[at - 1]),
      [undefined, "1", "2", "3"],
    )
  },
  "subscribe ends at its end mark, and a cut stream is not a whole one": async ({ script }) => {
    const whole = await script([{ body: ["data: a\n\ndata: [DONE]\n\n"], ending: "hold" }])
    const subscription = subscribe(whole.url, { until: "[DONE]" })
    equal((await follow(subscription)).data, ["a"])
    equal(subscription.end, { reason: "until", mark: "[DONE]" })
    await whole.closed(1)
    const cut = await script([{ body: ["data: a\n\n"] }])
    const once = { until: "[DONE]", retry: false } as const
    equal((await follow(subscribe(cut.url, once))).outcome, "truncated")
  },
  "subscribe waits as long as retry: of the server says": async ({ script }) => {
    const played = await script([{ body: ["retry: 300\n\ndata: a\n\n"] }, { status: 204 }])
    const delays: number[] = []
    const options = { retry: { jitter: false }, onRetry: ({ delay }: { delay: number }) => void delays.push(delay) }
    equal((await follow(subscribe(played.url, options))).outcome, "done")
    equal(delays, [300])
    const [first, second] = await played.seen()
    ok(second!.at - first!.at >= 290, "the second request comes 300 ms later")
  },
  "subscribe waits as long as Retry-After says": async ({ script }) => {
    const played = await script([
      { status: 429, type: null, headers: { "retry-after": "1" } },
      { body: ["data: a\n\ndata: END\n\n"] },
    ])
    const delays: number[] = []
    const onRetry = ({ delay }: { delay: number }) => void delays.push(delay)
    const { data, outcome } = await follow(subscribe(played.url, { ...AT_ONCE, until: "END", onRetry }))
    equal([data, outcome, delays], [["a"], "done", [1000]])
  },
  "subscribe sends a POST with its body, and repeats it only if it may": async ({ script }) => {
    const init = { method: "POST", body: "question ✓", headers: { "content-type": "text/plain" }, until: "END" }
    const single = await script([{ body: ["data: a\n\n"] }])
    equal((await follow(subscribe(single.url, { ...AT_ONCE, ...init }))).outcome, "truncated")
    equal((await single.seen()).length, 1)
    const repeated = await script([{ body: ["id: 1\ndata: a\n\n"] }, { body: ["data: END\n\n"] }])
    const resume = { idempotencyKey: "key" }
    equal((await follow(subscribe(repeated.url, { ...AT_ONCE, ...init, resume }))).outcome, "done")
    const seen = await repeated.seen()
    equal(
      seen.map(({ method, body, headers }) => [method, body, headers["idempotency-key"], headers["last-event-id"]]),
      [
        ["POST", "question ✓", "key", undefined],
        ["POST", "question ✓", "key", "1"],
      ],
    )
  },
  "subscribe drops an event that was already delivered if it must": async ({ script }) => {
    const played = await script([
      { body: ["id: 1\ndata: a\n\nid: 2\ndata: b\n\n"] },
      { body: ["id: 2\ndata: b\n\nid: 3\ndata: c\n\n"] },
      { status: 204 },
    ])
    equal((await follow(subscribe(played.url, { ...AT_ONCE, dedupe: true }))).data, ["a", "b", "c"])
  },
  "subscribe reports a gap in its order": async ({ script }) => {
    const gap = 'event: steadystream.gap\ndata: {"from":"1","reason":"trimmed","resumesAt":"9"}\n\n'
    const { url } = await script([{ body: [`id: 1\ndata: a\n\n${gap}id: 10\ndata: b\n\n`] }, { status: 204 }])
    const seen: string[] = []
    const onGap = ({ reason }: { reason: string | undefined }) => void seen.push(`gap ${reason}`)
    for await (const { data } of subscribe(url, { ...AT_ONCE, onGap })) seen.push(data)
    equal(seen, ["a", "gap trimmed", "b"])
  },
  "subscribe delivers every event of a long body through a queue of two events": async ({ script }) => {
    const block = `data: ${"x".repeat(1000)}\n\n`
    const blocks = Array.from({ length: 8000 }, () => block)
    const played = await script([{ body: [GATE, blocks.join("")], ending: "hold" }])
    const subscription = subscribe(played.url, { limits: { maxQueuedEvents: 2 } })
    const iterator = subscription[Symbol.asyncIterator]()
    const first = iterator.next()
    await played.pass()
    equal((await first).value?.data.length, 1000)
    let read = 1
    while (read < 8000 && !(await iterator.next()).done) read++
    equal(read, 8000)
    await iterator.return()
    await played.closed(1)
  },
}
