import { expect, onTestFinished, test, vi } from "vitest"
import { readEvents, SseProviderError } from "steadystream"
import { subscribe } from "steadystream/client"
import { type ChatCompletionChunk, readChatCompletions } from "steadystream/openai"
import { memoryStore } from "steadystream/server"
import { answerTo } from "../../demo/server/chat-completions.ts"
import { parseChatRequest } from "../../demo/server/chat-request.ts"
import { DemoServer } from "../../demo/server/demo-server.ts"
import { StoredAnswers } from "../../demo/server/stored-answers.ts"

const pageDirectory = new URL("../../demo/page/", import.meta.url)
const BODY = JSON.stringify({ model: "demo", messages: [{ role: "user", content: "What are server-sent events?" }] })
const ANSWER = answerTo(parseChatRequest(JSON.parse(BODY))).pieces.join("")

/** The demo's server on a free port, whose stored answers have a token in each millisecond. */
async function startDemo(storedToken = 1): Promise<string> {
  const demo = new DemoServer({ pageDirectory, pace: { storedToken } })
  onTestFinished(() => demo.close())
  return `http://127.0.0.1:${await demo.listen("127.0.0.1", 0)}`
}

const ask = async (origin: string, body = BODY): Promise<string> => {
  const response = await fetch(`${origin}/answer`, { method: "POST", body })
  expect(response.status).toBe(201)
  return ((await response.json()) as { id: string }).id
}

const read = (origin: string, id: string) =>
  readChatCompletions(subscribe(`${origin}/answer?id=${id}`, { until: "[DONE]" }))

const json = async (url: string, init?: RequestInit) => (await fetch(url, init)).json() as Promise<unknown>

test("GET /answer sends the same whole answer to each reader, also after its end", async () => {
  const origin = await startDemo()
  const id = await ask(origin)
  const [one, other] = await Promise.all([read(origin, id).collect(), read(origin, id).collect()])
  expect(one.choices[0]?.content).toBe(ANSWER)
  expect(one.systemFingerprint).toBe(`process 1 (${process.pid})`)
  expect(other).toEqual(one)
  expect(await read(origin, id).collect()).toEqual(one)
  await vi.waitFor(async () => expect(await json(`${origin}/api/answer?id=${id}`)).toMatchObject({ status: "done" }))
})

test("GET /answer continues after the cursor of the request, and an answer goes on without a reader", async () => {
  const origin = await startDemo()
  const id = await ask(origin)
  const first = readEvents(await fetch(`${origin}/answer?id=${id}`))
  const events = [(await first.next()).value!, (await first.next()).value!]
  await first.return()
  await vi.waitFor(async () => expect(await json(`${origin}/api/answer?id=${id}`)).toMatchObject({ status: "done" }))
  const rest = await fetch(`${origin}/answer?id=${id}`, { headers: { "last-event-id": events[1]!.id! } })
  expect(rest.headers.get("x-demo-process")).toBe(`process 1 (${process.pid})`)
  for await (const event of readEvents(rest)) events.push(event)
  const whole: unknown[] = []
  for await (const event of readEvents(await fetch(`${origin}/answer?id=${id}`))) whole.push(event)
  expect(events).toEqual(whole)
})

test("DELETE /answer stops the answer for every reader", async () => {
  // Slow enough that the answer runs when it is stopped.
  const origin = await startDemo(500)
  const id = await ask(origin)
  const readers = [read(origin, id), read(origin, id)]
  const failures = readers.map((reader) => reader.collect().catch((thrown: unknown) => thrown))
  await vi.waitFor(async () =>
    expect(await json(`${origin}/api/processes?answer=${id}`)).toEqual({
      processes: [{ name: `process 1 (${process.pid})`, writes: true, readers: 2 }],
      isOnRedis: false,
    }),
  )
  const stopped = await json(`${origin}/answer?id=${id}`, { method: "DELETE" })
  expect(stopped).toMatchObject({ status: "cancelled", detail: "stopped" })
  for (const failure of failures) expect(((await failure) as SseProviderError).error.code).toBe("cancelled")
  expect(readers[0]!.snapshot).toEqual(readers[1]!.snapshot)
  await vi.waitFor(async () =>
    expect(await json(`${origin}/api/processes?answer=${id}`)).toMatchObject({
      processes: [{ writes: false, readers: 0 }],
    }),
  )
})

test("POST /answer stores an answer whose provider fails as failed", async () => {
  const origin = await startDemo()
  const id = await ask(origin, BODY.replace("demo", "demo-error"))
  const error: unknown = await read(origin, id)
    .collect()
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(SseProviderError)
  expect((error as SseProviderError).error.code).toBe("model_overloaded")
  await vi.waitFor(async () => expect(await json(`${origin}/api/answer?id=${id}`)).toMatchObject({ status: "failed" }))
})

test("StoredAnswers.continue goes on after the last stored token of a lost answer", async () => {
  const store = memoryStore()
  const make = (processName: string, token: number) =>
    new StoredAnswers({ store, processName, token, onChange: () => {} })
  // Slow enough that the answer runs when its process ends.
  const dying = make("process 1", 50)
  const id = await dying.start(JSON.parse(BODY))
  await vi.waitFor(async () => expect((await dying.state(id))?.last).toMatch(/-\d\d$/))
  await dying.close()
  expect((await dying.state(id))?.status).toBe("lost")
  const heir = make("process 2", 0)
  await heir.continue(id, JSON.parse(BODY))
  await vi.waitFor(async () => expect((await heir.state(id))?.status).toBe("done"))
  await expect(heir.continue(id, JSON.parse(BODY))).rejects.toThrow("The answer must be lost")
  const { events } = await store.read(`answer:${id}`, "start", { maxEvents: 1000 })
  const writers = new Set<string>()
  let text = ""
  for (const { text: block } of events) {
    const data = /^data: (.*)$/m.exec(block)![1]!
    if (data === "[DONE]") continue
    const chunk = JSON.parse(data) as ChatCompletionChunk
    writers.add(chunk.system_fingerprint!)
    text += chunk.choices?.[0]?.delta?.content ?? ""
  }
  expect(text).toBe(ANSWER)
  expect([...writers]).toEqual(["process 1", "process 2"])
  await heir.close()
})

const UNKNOWN = "00000000-0000-4000-8000-000000000000"

test.each([
  ["an unknown answer", "GET", `?id=${UNKNOWN}`, undefined, 404],
  ["an ID that is none", "GET", "?id=x", undefined, 404],
  ["a stop of an ID that is none", "DELETE", "?id=../x", undefined, 404],
  ["no ID", "GET", "", undefined, 400],
  ["no messages", "POST", "", "{}", 400],
  ["to continue an unknown answer", "POST", `?id=${UNKNOWN}`, BODY, 409],
])("/answer refuses %s", async (_what, method, query, body, status) => {
  const origin = await startDemo()
  const response = await fetch(`${origin}/answer${query}`, { method, ...(body === undefined ? {} : { body }) })
  expect(response.status).toBe(status)
  await response.body?.cancel()
  expect(await json(`${origin}/api/answer?id=${UNKNOWN}`)).toEqual({ status: "unknown" })
})
