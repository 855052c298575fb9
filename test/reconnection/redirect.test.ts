import { afterEach, expect, test, vi } from "vitest"
import { SseRetryError } from "steadystream"
import { subscribe } from "steadystream/client"
import { type FaultScript, type FaultServer, ManualClock, scriptedFetch, startFaultServer } from "steadystream/testing"
import { consume } from "../support/consumer.ts"
import { EagerClock } from "../support/eager-clock.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"

failOnUnhandledRejections()

const TARGET = "https://example.com/stream"
const servers: FaultServer[] = []
afterEach(async () => {
  vi.unstubAllGlobals()
  for (const server of servers.splice(0)) await server.close()
})
async function start(script: FaultScript) {
  const server = await startFaultServer(script)
  servers.push(server)
  return server
}
/** Makes a scripted fetch the platform's own. */
function platformFetch(answers: Parameters<typeof scriptedFetch>[0]) {
  const fetch = scriptedFetch(answers)
  vi.stubGlobal("fetch", fetch)
  return fetch
}
const redirect = (location: string, status = 307) => ({ status, headers: { location } })
const moved = (location: string, status = 307) => new Response(null, { status, headers: { location } })

test("subscribe() follows redirects of one origin with headers, cursor and body", async () => {
  const server = await start([redirect("/a"), redirect("b", 308), { body: "id: 1\ndata: a\n\n" }, { status: 204 }])
  const opened: (string | undefined)[] = []
  const { data, outcome } = consume(
    subscribe(`${server.url}start?x=1`, {
      clock: new EagerClock(),
      method: "POST",
      body: "question",
      resume: "same",
      headers: { authorization: "Bearer 1" },
      lastEventId: "0",
      onOpen: ({ url }) => void opened.push(url),
    }),
  )
  expect([await outcome, data]).toEqual(["done", ["a"]])
  expect(server.requests.slice(0, 3).map((request) => [request.method, request.path, request.body])).toEqual([
    ["POST", "/start?x=1", "question"],
    ["POST", "/a", "question"],
    ["POST", "/b", "question"],
  ])
  for (const { headers } of server.requests.slice(0, 3)) {
    expect(headers).toMatchObject({ authorization: "Bearer 1", "last-event-id": "0", accept: "text/event-stream" })
  }
  expect(opened).toEqual([`${server.url}b`])
})

test("subscribe() starts a reconnection at the original URL, also after permanent redirects", async () => {
  const server = await start([redirect("/b", 301), { body: "id: 1\ndata: a\n\n" }, { status: 204 }])
  await consume(subscribe(`${server.url}a`, { clock: new EagerClock() })).outcome
  expect(server.requests.map((request) => request.path)).toEqual(["/a", "/b", "/a"])
})

test("subscribe() follows as GET without a body after 303, and after 301 and 302 to a POST", async () => {
  for (const status of [301, 302, 303]) {
    const server = await start([redirect("/b", status), { body: "data: a\n\n" }])
    const { outcome } = consume(
      subscribe(server.url, { method: "POST", body: "{}", headers: { "content-type": "application/json" } }),
    )
    expect(await outcome).toBe("done")
    expect(server.requests.map(({ method, body, headers }) => [method, body, headers["content-type"]])).toEqual([
      ["POST", "{}", "application/json"],
      ["GET", "", undefined],
    ])
  }
})

test("subscribe() leaves redirects to a fetch of the caller, which does not send its secret to another origin", async () => {
  const target = await start([{ body: "data: a\n\n" }, { status: 204 }])
  const balancer = await start(redirect(target.url))
  const modes: unknown[] = []
  const withSecret: typeof fetch = (input, init) => {
    modes.push(init?.redirect ?? "follow")
    return fetch(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), authorization: "x" } })
  }
  const { data, outcome } = consume(subscribe(balancer.url, { fetch: withSecret, clock: new EagerClock() }))
  expect([await outcome, data]).toEqual(["done", ["a"]])
  expect(target.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined, undefined])
  expect(modes).toEqual(["follow", "follow"])
})

test("subscribe() calls a fetch of the caller once for each attempt", async () => {
  const server = await start([redirect("/b"), { body: "data: a\n\n" }, { status: 204 }])
  let calls = 0
  const counting: typeof fetch = (input, init) => {
    calls++
    return fetch(input, init)
  }
  const { outcome } = consume(subscribe(server.url, { fetch: counting, clock: new EagerClock() }))
  expect([await outcome, calls]).toEqual(["done", 2])
})

test("subscribe() follows the redirects itself if the caller passes the platform's fetch", async () => {
  const target = await start({ status: 204 })
  const balancer = await start(redirect(target.url))
  const { outcome } = consume(subscribe(balancer.url, { fetch: globalThis.fetch, headers: { "x-api-key": "1" } }))
  expect(await outcome).toBe("done")
  expect(target.requests[0]!.headers).not.toHaveProperty("x-api-key")
})

test("subscribe() follows a redirect to another origin with the cursor", async () => {
  const target = await start([{ body: "id: 1\ndata: a\n\n" }, { body: "id: 2\ndata: b\n\n" }, { status: 204 }])
  const balancer = await start(redirect(`${target.url}stream`))
  const { data, outcome } = consume(subscribe(balancer.url, { clock: new EagerClock(), lastEventId: "0" }))
  expect([await outcome, data]).toEqual(["done", ["a", "b"]])
  expect(target.requests.map(({ headers }) => headers["last-event-id"])).toEqual(["0", "1", "2"])
})

test.each<[string, Record<string, string>, Record<string, string | undefined>]>([
  ["accept", { accept: "text/event-stream, */*" }, { accept: "text/event-stream, */*" }],
  [
    "accept-language and content-language",
    { "accept-language": "de", "content-language": "de" },
    { "accept-language": "de", "content-language": "de" },
  ],
  ["authorization", { authorization: "Bearer secret" }, { authorization: undefined, accept: "text/event-stream" }],
  ["cookie and x-custom", { cookie: "a=1", "x-custom": "1" }, { cookie: undefined, "x-custom": undefined }],
])("subscribe() follows a redirect to another origin with the right headers: %s", async (_, headers, expected) => {
  const target = await start({ status: 204 })
  const balancer = await start(redirect(target.url))
  const request = new Request(balancer.url, { headers })
  for (const subscription of [
    subscribe(balancer.url, { headers }),
    subscribe(balancer.url, { headers: () => headers }),
    subscribe(balancer.url, { headers, credentials: "include" }),
    subscribe(request),
  ]) {
    expect(await consume(subscription).outcome).toBe("done")
  }
  expect(target.requests).toHaveLength(4)
  for (const { headers: sent } of target.requests) {
    for (const [name, value] of Object.entries(expected)) expect(sent[name]).toBe(value)
  }
})

test("subscribe() does not send headers again if a redirect leads back to the first origin", async () => {
  const other = await start(() => redirect(`${server.url}back`))
  const server: FaultServer = await start(({ path }) => (path === "/back" ? { status: 204 } : redirect(other.url)))
  expect(await consume(subscribe(server.url, { headers: { "x-key": "1" } })).outcome).toBe("done")
  expect(server.requests.map(({ path, headers }) => [path, headers["x-key"]])).toEqual([
    ["/", "1"],
    ["/back", undefined],
  ])
})

test.each([401, 403])("subscribe() says that headers were left behind if the target answers %i", async (status) => {
  const target = await start({ status, body: "no" })
  const balancer = await start(redirect(target.url))
  const error = await consume(subscribe(balancer.url, { headers: { authorization: "Bearer secret" } })).outcome
  expect(error).toMatchObject({ code: "response", status })
  expect((error as Error).message).toMatch(/another origin, so the headers of the caller were not sent/)
  const plain = await consume(subscribe(balancer.url)).outcome
  expect((plain as Error).message).not.toMatch(/headers/)
})

test.each([
  ["/caf\u00c3\u00a9", "/caf%C3%A9"],
  ["/?q=\u00e2\u0082\u00ac", "/?q=%E2%82%AC"],
  ["caf\u00c3\u00a9/x", "/caf%C3%A9/x"],
  ["/caf\u00e9", "/caf%C3%A9"],
])("subscribe() reads the location %j as UTF-8", async (location, path) => {
  const server = await start([redirect(location), { status: 204 }])
  expect(await consume(subscribe(server.url)).outcome).toBe("done")
  expect(server.requests[1]!.path).toBe(path)
})

test("subscribe() follows 303 to another origin without body and headers", async () => {
  const target = await start({ body: "data: a\n\n" })
  const balancer = await start(redirect(target.url, 303))
  const headers = { authorization: "Bearer secret", "content-type": "text/plain" }
  const { outcome } = consume(subscribe(balancer.url, { method: "POST", body: "question", headers }))
  expect(await outcome).toBe("done")
  expect(target.requests).toMatchObject([{ method: "GET", body: "" }])
  expect(target.requests[0]!.headers).not.toHaveProperty("authorization")
})

test.each(["POST", "QUERY"])("subscribe() does not send the body of %s to another origin", async (method) => {
  const other = await start({ body: "data: a\n\n" })
  for (const status of [307, 308]) {
    const server = await start(redirect(other.url, status))
    const { outcome } = consume(subscribe(server.url, { method, body: "x" }))
    expect(await outcome).toMatchObject({ code: "redirect-refused", status, retryable: false })
  }
  expect(other.requests).toHaveLength(0)
})

test("subscribe() treats a change of the port or the host as another origin", async () => {
  for (const location of ["https://example.com:8443/", "https://www.example.com/"]) {
    const fetch = platformFetch([moved(location), new Response(null, { status: 204 })])
    expect(await consume(subscribe(TARGET, { headers: { a: "1" } })).outcome).toBe("done")
    expect(fetch.requests.map(({ headers }) => headers.get("a"))).toEqual(["1", null])
  }
})

test("subscribe() never follows a redirect from https to http, nor to another scheme", async () => {
  for (const location of [
    "http://example.com/",
    "https://user@example.com/",
    "file:///etc/passwd",
    "javascript:1",
    "http://[",
    "data:,x",
  ]) {
    const fetch = platformFetch([moved(location)])
    expect(await consume(subscribe(TARGET)).outcome).toMatchObject({ code: "redirect-refused" })
    expect(fetch.requests).toHaveLength(1)
  }
})

test("subscribe() follows at most 5 redirects, and treats a loop as a failed attempt with backoff", async () => {
  const clock = new ManualClock()
  const times: number[] = []
  platformFetch([
    () => {
      times.push(clock.now())
      return moved(TARGET)
    },
  ])
  const { outcome } = consume(subscribe(TARGET, { clock, retry: { maxRetries: 2, jitter: false } }))
  await clock.advance(60_000)
  const error = (await outcome) as SseRetryError
  expect(error).toBeInstanceOf(SseRetryError)
  expect(error.attempts.map((attempt) => attempt.error.code)).toEqual(Array(3).fill("redirect-refused"))
  expect(times).toHaveLength(18)
  expect(times.filter((time) => time < 1000)).toHaveLength(6)
})

test("subscribe() counts redirect hops in its 10 requests per second", async () => {
  const clock = new ManualClock({ random: () => 0 })
  const times: number[] = []
  let id = 0
  platformFetch([
    () => {
      times.push(clock.now())
      return times.length % 6 === 0 ? { chunks: [`retry: 0\nid: ${++id}\ndata: x\n\n`] } : moved(TARGET)
    },
  ])
  const subscription = subscribe(TARGET, { clock, retry: { initialDelay: 0 } })
  const { outcome } = consume(subscription)
  await clock.advance(10_000)
  subscription.close()
  await outcome
  expect(times.length).toBeGreaterThan(90)
  for (const time of times)
    expect(times.filter((other) => other >= time && other < time + 1000).length).toBeLessThan(11)
})

test("subscribe() does not send a one-time body twice", async () => {
  const server = await start(redirect("/b"))
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("once"))
      controller.close()
    },
  })
  const { outcome } = consume(subscribe(server.url, { method: "POST", body }))
  expect(await outcome).toMatchObject({ code: "redirect-refused" })
  const request = new Request(server.url, { method: "POST", body: "once" })
  expect(await consume(subscribe(request)).outcome).toMatchObject({ code: "redirect-refused" })
  expect(server.requests.map((seen) => seen.body)).toEqual(["once", "once"])
})

test("subscribe() leaves redirects to fetch if the caller sets a mode", async () => {
  const other = await start({ body: "data: a\n\n" })
  const server = await start(redirect(other.url))
  const headers = { "x-one": "1" }
  const follow = consume(subscribe(server.url, { redirect: "follow", headers, retry: false }))
  expect([await follow.outcome, follow.data]).toEqual(["done", ["a"]])
  const manual = consume(subscribe(server.url, { redirect: "manual" }))
  expect(await manual.outcome).toMatchObject({ code: "response", status: 307 })
  const error = consume(subscribe(server.url, { redirect: "error", retry: false }))
  expect(await error.outcome).toMatchObject({ code: "connection" })
})

test("subscribe() cancels the body of each hop before it follows", async () => {
  const log: string[] = []
  const hop = () =>
    new Response(new ReadableStream({ cancel: () => void log.push("freed") }), {
      status: 302,
      headers: { location: "/b" },
    })
  const answers = [hop, () => new Response("data: a\n\n", { headers: { "content-type": "text/event-stream" } })]
  const fetch = async () => {
    log.push("request")
    return answers.shift()!()
  }
  vi.stubGlobal("fetch", fetch)
  expect(await consume(subscribe(TARGET, { retry: false })).outcome).toBe("done")
  expect(log).toEqual(["request", "freed", "request"])
})
