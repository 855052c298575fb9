/* A subscription on a network that fails: redirects, deadlines, the budget of retries, close and abort. */
import { measureAttempt, subscribe, type SubscribeOptions } from "steadystream/client"
import { GATE } from "../../../eventsource/script.ts"
import { equal, ok } from "../checks.ts"
import { needs, type SuiteCases, type SuiteContext } from "../suite.ts"
import { AT_ONCE, follow } from "./subscribe.ts"

const END = { until: "END" } as const
const BODY = ["data: a\n\ndata: END\n\n"] as const

/** Asks the runtime's fetch whether it shows the location of a redirect. */
async function needsRedirects({ script, signal }: SuiteContext): Promise<void> {
  const { url } = await script([{ status: 307, type: null, headers: { location: "/elsewhere" } }])
  const response = await fetch(url, { redirect: "manual", signal })
  needs(response.headers.get("location") !== null, "its fetch hides redirects, and follows them itself")
}

const redirects: SuiteCases = Object.fromEntries(
  ([301, 302, 303, 307, 308] as const).map((status) => [
    `subscribe follows a redirect with the status ${status} as fetch does`,
    async ({ script }) => {
      const target = await script([{ body: [...BODY] }])
      const { url } = await script([{ status, type: null, headers: { location: target.url } }])
      const options = { ...END, method: "POST", body: "question", headers: { "content-type": "text/plain" } }
      const { data, outcome } = await follow(subscribe(url, options))
      equal([data, outcome], [["a"], "done"])
      const [{ method, body } = {}] = await target.seen(1)
      equal([method, body], status >= 307 ? ["POST", "question"] : ["GET", ""])
    },
  ]),
)

export const network: SuiteCases = {
  ...redirects,
  "subscribe keeps the cursor over a redirect, and begins at the first URL again": async ({ script }) => {
    const target = await script([{ body: ["id: 1\ndata: a\n\n"] }, { status: 204 }])
    const played = await script([{ status: 307, type: null, headers: { location: target.url } }])
    equal((await follow(subscribe(played.url, { ...AT_ONCE, lastEventId: "0" }))).data, ["a"])
    equal(
      (await target.seen(2)).map(({ headers }) => headers["last-event-id"]),
      ["0", "1"],
    )
    equal((await played.seen()).length, 2)
  },
  "subscribe sends no header of the caller to another origin": async (context) => {
    await needsRedirects(context)
    const target = await context.script([{ body: [...BODY] }])
    const { url } = await context.script([{ status: 307, type: null, headers: { location: target.otherUrl } }])
    const headers = { "x-api-key": "secret", authorization: "Bearer secret" }
    equal((await follow(subscribe(url, { ...END, headers, lastEventId: "é" }))).outcome, "done")
    const seen = (await target.seen(1))[0]!.headers
    equal([seen["x-api-key"], seen["authorization"], seen["accept"]], [undefined, undefined, "text/event-stream"])
    ok(seen["last-event-id"] !== undefined, "the last event ID goes along")
  },
  "subscribe sends no body to another origin": async (context) => {
    await needsRedirects(context)
    const target = await context.script([{ body: [...BODY] }])
    const { url } = await context.script([{ status: 307, type: null, headers: { location: target.otherUrl } }])
    equal((await follow(subscribe(url, { ...END, method: "POST", body: "secret" }))).outcome, "redirect-refused")
    equal((await target.seen()).length, 0)
  },
  "subscribe ends a loop of redirects": async ({ script }) => {
    const played = await script([{ status: 307, type: null, headers: { location: "?again" } }])
    const loop = await script([{ status: 307, type: null, headers: { location: played.url } }])
    const twin = await script([{ status: 307, type: null, headers: { location: loop.url } }])
    const { outcome } = await follow(subscribe(twin.url, { retry: { ...AT_ONCE.retry, maxRetries: 0 } }))
    ok(outcome !== "done", "it fails")
  },
  "subscribe refuses a status and a content type for good": async ({ script }) => {
    for (const [reply, code] of [
      [{ status: 404, type: "text/plain", body: ["no"] }, "response"],
      [{ type: "text/html", body: ["<p>"] }, "content-type"],
    ] as const) {
      const played = await script([reply])
      equal((await follow(subscribe(played.url, AT_ONCE))).outcome, code)
      equal((await played.seen()).length, 1)
    }
  },
  "subscribe ends when its budget of retries is used up": async ({ script }) => {
    const played = await script([{ body: ["data: a\n\n"] }, { status: 503, type: null }])
    const { data, outcome, error } = await follow(subscribe(played.url, { retry: { ...AT_ONCE.retry, maxRetries: 3 } }))
    equal([data, outcome], [["a"], "retries-exhausted"])
    equal(((error as Error).cause as { status?: number }).status, 503)
    // The first one made progress, so three retries follow the first failure.
    equal((await played.seen()).length, 4)
  },
  "subscribe makes one request if it must not retry": async ({ script }) => {
    const played = await script([{ body: ["data: a\n\n", GATE], ending: "reset" }])
    const data: string[] = []
    const outcome = await subscribe(played.url, { retry: false })
      .listen({
        onEvent: async (event) => {
          data.push(event.data)
          await played.pass()
        },
      })
      .then(
        () => "done",
        (error: unknown) => (error as { code?: string }).code,
      )
    equal([outcome, data], ["connection", ["a"]])
    equal((await played.seen()).length, 1)
  },
  "subscribe ends each phase at its deadline": async ({ script }) => {
    const phases: readonly (readonly [string, SubscribeOptions["timeouts"], Parameters<typeof script>[0][number]])[] = [
      ["connect", { connect: 100 }, { before: [GATE] }],
      ["firstEvent", { firstEvent: 100 }, { body: [": a\n\n"], ending: "hold" }],
      ["idle", { idle: 100 }, { body: ["data: a\n\n"], ending: "hold" }],
      ["eventIdle", { eventIdle: 100 }, { body: ["data: a\n\n"], ending: "hold" }],
      ["total", { total: 100 }, { body: ["data: a\n\n"], ending: "hold" }],
    ]
    for (const [phase, timeouts, reply] of phases) {
      const played = await script([reply])
      const { error } = await follow(subscribe(played.url, { retry: false, timeouts }))
      equal([error?.name, (error as Error & { phase?: string }).phase], ["SseTimeoutError", phase])
      // Before the first byte, the request may not have reached the server.
      if (phase !== "connect" && phase !== "total") await played.closed(1)
    }
  },
  "subscribe closes its connection at close(), and delivers nothing more": async ({ script }) => {
    const played = await script([{ body: ["data: a\n\ndata: b\n\n"], ending: "hold" }])
    const subscription = subscribe(played.url, AT_ONCE)
    const data: string[] = []
    for await (const event of subscription) {
      data.push(event.data)
      subscription.close()
    }
    equal([data, subscription.state, subscription.end?.reason], [["a"], "closed", "cancelled"])
    await played.closed(1)
    equal((await played.seen()).length, 1)
  },
  "subscribe rejects with the reason of its signal, also while it waits to retry": async ({ script }) => {
    for (const reply of [{ body: ["data: a\n\n"], ending: "hold" }, { body: ["retry: 30000\ndata: a\n\n"] }] as const) {
      const played = await script([reply])
      const stop = new AbortController()
      const subscription = subscribe(played.url, { retry: { jitter: false }, signal: stop.signal })
      const iterator = subscription[Symbol.asyncIterator]()
      await iterator.next()
      const waiting = iterator.next().then(
        () => "done",
        (error: Error) => error.message,
      )
      stop.abort(new RangeError("enough"))
      equal(await waiting, "enough")
      await played.closed(1)
    }
  },
  "subscribe measures its attempts": async ({ script }) => {
    const played = await script([{ body: ["data: é\n\n"] }, { status: 204 }])
    const metrics: (readonly [number | undefined, number, number])[] = []
    const subscription = subscribe(played.url, {
      ...AT_ONCE,
      onMetrics: ({ status, events, bytes }) => metrics.push([status, events, bytes]),
    })
    equal((await follow(subscription)).data, ["é"])
    equal(metrics, [
      [200, 1, 10],
      [204, 0, 0],
    ])
    ok(typeof measureAttempt === "function", "measureAttempt is there")
  },
}
