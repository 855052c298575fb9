import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { formatRecording, record, scriptedFetch, type Recorder } from "steadystream/testing"
import { expect, test } from "vitest"

const SECRET = "s3cr3tWord"
const url = "https://example.com/stream"
const ok = { chunks: ["data: a\n\n"] } as const

type Call = (recorder: Recorder) => Promise<unknown>

/** Calls `fetch` with a secret in the request. */
const request =
  (input: string | URL | Request, init?: RequestInit): Call =>
  async (recorder) =>
    (await recorder.fetch(scriptedFetch([ok]))(input, init)).text()

/** Gets a response with a secret in its head. */
const head =
  (headers: Record<string, string>, status = 200): Call =>
  async (recorder) =>
    (await recorder.fetch(async () => new Response("data: a\n\n", { status, headers }))(url)).text()

/** Gets an error with a secret. */
const failure =
  (error: unknown): Call =>
  async (recorder) => {
    const fetch = recorder.fetch(async () => {
      throw error
    })
    await fetch(url)
  }

const brokenBody: Call = async (recorder) => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error(SECRET)) })
  await (await recorder.fetch(async () => new Response(body))(url)).text().catch(() => {})
}

const nodeExchange: Call = async (recorder) => {
  const server = createServer((incoming, response) => {
    recorder.node({ request: incoming, response })
    response.setHeader("set-cookie", [`a=${SECRET}`, `b=${SECRET}`])
    response.writeHead(200, { "x-token": SECRET, location: `/next?token=${SECRET}` })
    response.end("data: a\n\n")
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const headers = { authorization: `Bearer ${SECRET}`, cookie: `a=${SECRET}` }
  await (await fetch(`http://127.0.0.1:${port}/?key=${SECRET}`, { headers })).text()
  await new Promise((resolve) => void server.close(resolve))
}

const refusedSubscription: Call = async (recorder) => {
  const answer = async () => new Response("", { status: 401, headers: { "www-authenticate": SECRET } })
  const options = { fetch: answer, headers: { authorization: SECRET }, retry: { maxRetries: 0 } }
  const next = recorder.subscribe(`${url}?key=${SECRET}`, options)[Symbol.asyncIterator]().next()
  await next.catch(() => {})
}

const places: Readonly<Record<string, Call>> = {
  "the value of a query parameter": request(`${url}?key=${SECRET}`),
  "the value of the second parameter": request(`${url}?a=1&key=${SECRET}`),
  "a value after a semicolon": request(`${url}?lastEventId;key=${SECRET}`),
  "a value with an equals sign": request(`${url}?key=a=${SECRET}`),
  "a query without a name": request(`${url}?${SECRET}`),
  "the query of a URL object": request(new URL(`${url}?key=${SECRET}`)),
  "the query of a Request": request(new Request(`${url}?key=${SECRET}`)),
  "the user of a URL": request(`https://${SECRET}@example.com/`),
  "the password of a URL": request(`https://user:${SECRET}@example.com/`),
  "a password with an at sign": request(`https://user:a@${SECRET}@example.com/`),
  "a password after backslashes": request(`https:\\\\user:${SECRET}@example.com/`),
  "a password after one slash": request(`https:/user:${SECRET}@example.com/`),
  "a password after a tab": request(`ht\ttps://user:${SECRET}@example.com/`),
  "a password without a scheme": request(`//user:${SECRET}@example.com/`),
  "the fragment of a URL": request(`${url}#${SECRET}`),
  "the fragment of a relative URL": request(`/stream#access_token=${SECRET}`),
  "a data URL": request(`data:text/plain,${SECRET}`),
  "a blob URL": request(`blob:https://example.com/${SECRET}`),
  "a URL that is none": request(`https://[${SECRET}`),
  "the authorization header": request(url, { headers: { Authorization: `Bearer ${SECRET}` } }),
  "the authorization of a Request": request(new Request(url, { headers: { authorization: SECRET } })),
  "a header as a list": request(url, { headers: [["X-Api-Key", SECRET]] }),
  "a header of the caller": request(url, { headers: new Headers({ "x-anything": SECRET }) }),
  "the proxy authorization": request(url, { headers: { "proxy-authorization": SECRET } }),
  "the referer": request(url, { headers: { referer: `https://example.com/?key=${SECRET}` } }),
  "the idempotency key": request(url, { headers: { "idempotency-key": SECRET } }),
  "the body of a request": request(url, { method: "POST", body: JSON.stringify({ key: SECRET }) }),
  "the body of a Request": request(new Request(url, { method: "POST", body: SECRET })),
  "the query of a location": head({ location: `https://example.com/?key=${SECRET}` }, 307),
  "the password of a location": head({ location: `https://user:${SECRET}@example.com/` }, 307),
  "the fragment of a location": head({ location: `/next#${SECRET}` }, 307),
  "a cookie of the response": head({ "set-cookie": `a=${SECRET}` }),
  "a header of the response": head({ "x-request-token": SECRET }),
  "the link header": head({ link: `<https://example.com/?key=${SECRET}>; rel=next` }),
  "the message of an error": failure(new Error(SECRET)),
  "the name of an error": failure(Object.assign(new Error("failed"), { name: `Error ${SECRET}` })),
  "the code of an error": failure(Object.assign(new Error("failed"), { code: `key=${SECRET}` })),
  "the cause of an error": failure(new TypeError("failed", { cause: new Error(SECRET) })),
  "an error that is text": failure(SECRET),
  "the error of a body": brokenBody,
  "a request and a response of node:http": nodeExchange,
  "a refused subscription": refusedSubscription,
}

test.each(Object.entries(places))("record() leaves out a secret in %s", async (_, call) => {
  const recorder = record()
  await call(recorder).catch(() => {})
  const text = formatRecording(recorder.recording)
  expect(text).not.toMatch(/s3cr3tword/i)
  expect(recorder.recording.entries.length).toBeGreaterThan(0)
})

test("record() keeps what explains a stream", async () => {
  const recorder = record()
  const headers = { "content-type": "text/event-stream", location: "https://example.com/next?lastEventId=7&a=1" }
  const fetch = recorder.fetch(async () => new Response("", { headers }))
  const init = { headers: { "Last-Event-ID": "7", accept: "text/event-stream" }, method: "post" }
  await (await fetch("https://user@example.com:8443/a/b?lastEventId=7&a=1&b#c", init)).text()
  expect(recorder.recording.entries).toMatchObject([
    {
      type: "request",
      method: "POST",
      url: "https://example.com:8443/a/b?lastEventId=7&a=REDACTED&REDACTED",
      headers: { "last-event-id": "7", accept: "text/event-stream" },
    },
    {
      type: "response",
      headers: { "content-type": "text/event-stream", location: "https://example.com/next?lastEventId=7&a=REDACTED" },
    },
    { type: "end" },
  ])
})

test("record() keeps the path of a relative URL", async () => {
  const recorder = record()
  await recorder
    .fetch(scriptedFetch([ok]))("/chat?a=1")
    .catch(() => {})
  expect(recorder.recording.entries[0]).toMatchObject({ url: "/chat?a=REDACTED" })
})

test("record() records the headers and parameters that its options name", async () => {
  const recorder = record({ headers: ["X-Request-Id"], parameters: ["model"] })
  await (await recorder.fetch(scriptedFetch([ok]))(`${url}?model=a&key=b`, { headers: { "x-request-id": "7" } })).text()
  expect(recorder.recording.entries[0]).toMatchObject({
    url: `${url}?model=a&key=REDACTED`,
    headers: { "x-request-id": "7" },
  })
})

test.each(["Cookie", "Set-Cookie", "Authorization", "Proxy-Authorization"])(
  "record() refuses to record the header %s",
  (name) => {
    expect(() => record({ headers: [name] })).toThrow(
      new TypeError(`Cannot use options: "headers" must not have "${name.toLowerCase()}"`),
    )
  },
)

test("record() replaces bodies by what redact returns, also of requests", async () => {
  const redact = (chunk: Uint8Array) => new TextDecoder().decode(chunk).replaceAll(SECRET, "***")
  const recorder = record({ bodies: true, redact })
  const fetch = recorder.fetch(scriptedFetch([{ chunks: [`data: ${SECRET}\n\n`] }]))
  const body = await (await fetch(url, { method: "POST", body: `key ${SECRET}` })).text()
  expect(body).toBe(`data: ${SECRET}\n\n`)
  const text = formatRecording(recorder.recording)
  expect(text).not.toContain(SECRET)
  expect(text).toContain('"body":"key ***"')
  expect(text).toContain('"text":"data: ***\\n\\n"')
})
