import { afterEach, expect, inject, test } from "vitest"
import { subscribe } from "steadystream/client"
import { consume } from "../support/consumer.ts"

const base = inject("streamServer")
let path = 0
/** A separate stream on the server, so that each test starts at its first event. */
const stream = (options = "") => `${base}stream/${Date.now()}-${++path}${options}`
const quick = { initialDelay: 0, jitter: false }
const workers: Worker[] = []
afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate()
})

test("subscribe() reads a cross-origin stream over reconnections, from the last event ID on, in a page", async () => {
  const { data, outcome } = consume(subscribe(stream(), { retry: quick }))
  expect([await outcome, data]).toEqual(["done", ["1", "2", "3", "4 ✓", "5", "6"]])
})

test("subscribe() sends a POST with a body and resumes it by GET, in a page", async () => {
  const options = { method: "POST", body: "question", resume: "get", retry: quick } as const
  const { data, outcome } = consume(subscribe(stream(), options))
  expect([await outcome, data]).toEqual(["done", ["1", "2", "3", "4 ✓", "5", "6"]])
})

test("subscribe() follows a redirect, as the browser does, in a page", async () => {
  const opened: (string | undefined)[] = []
  const subscription = subscribe(stream("?redirect"), { retry: false, onOpen: ({ url }) => void opened.push(url) })
  const { data, outcome } = consume(subscription)
  expect([await outcome, data]).toEqual(["done", ["1", "2"]])
  expect(opened[0]).not.toContain("redirect")
})

test("subscribe() refuses a page or an error status and reports what the browser shows of it", async () => {
  expect(await consume(subscribe(stream("?type=text/html"))).outcome).toMatchObject({ code: "content-type" })
  expect(await consume(subscribe(stream("?status=404"))).outcome).toMatchObject({ code: "response", status: 404 })
})

test("subscribe() closes the connection when the consumer leaves the loop, in a page", async () => {
  const target = stream("?stall")
  for await (const event of subscribe(target)) if (event.data === "1") break
  await expect.poll(() => fetch(`${target}&open`).then((response) => response.text())).toBe("0")
})

test("pauseWhenHidden closes the connection on pagehide and resumes on pageshow, in a page", async () => {
  const states: string[] = []
  const subscription = subscribe(stream("?stall"), {
    pauseWhenHidden: true,
    onStateChange: (state) => void states.push(state),
  })
  const iterator = subscription[Symbol.asyncIterator]()
  expect((await iterator.next()).value?.data).toBe("1")
  dispatchEvent(new PageTransitionEvent("pagehide"))
  expect(states).toEqual(["open"])
  expect((await iterator.next()).value?.data).toBe("2")
  dispatchEvent(new PageTransitionEvent("pageshow"))
  expect((await iterator.next()).value?.data).toBe("3")
  expect(states).toEqual(["open", "waiting", "connecting", "open"])
  await iterator.return()
})

test("subscribe() works in a worker, with relative URLs", async () => {
  const worker = new Worker(new URL("./client-worker.ts", import.meta.url), { type: "module" })
  workers.push(worker)
  const result = new Promise<unknown>((resolve, reject) => {
    worker.addEventListener("message", (event) => resolve(event.data))
    worker.addEventListener("error", (event) => reject(new Error(event.message)))
  })
  worker.postMessage(stream(), [])
  expect(await result).toEqual({
    data: ["1", "2", "3", "4 ✓", "5", "6"],
    outcome: "done",
    relative: { code: "response", status: 404 },
  })
})
