import { subscribe } from "steadystream/client"
import { EventSource } from "steadystream/eventsource"
import { scriptedFetch } from "steadystream/testing"
import { expect, test } from "vitest"

const url = "https://example.com/"

test("subscribe() accepts the options of fetch that only some platforms have", () => {
  const options = { dispatcher: {}, cf: {}, client: {}, next: {}, priority: "high", duplex: "half", tls: {}, proxy: "" }
  const source = () => subscribe(url, { ...options, keepalive: true, mode: "cors" } as never)
  expect(source).not.toThrow()
})

test("subscribe() passes any other option to a fetch of the caller's", async () => {
  const fetch = scriptedFetch([new Response(null, { status: 204 })])
  for await (const event of subscribe(url, { fetch, agent: "mine" } as never)) expect(event).toBeUndefined()
  expect(fetch.requests[0]!.init).toMatchObject({ agent: "mine" })
})

test("EventSource() needs no option that subscribe() refuses", () => {
  const source = new EventSource(url, { withCredentials: true, retry: false, timeouts: {}, limits: {} })
  source.close()
  expect(source.readyState).toBe(2)
})
