import assert from "node:assert/strict"
import { test } from "node:test"
import { SseProviderError } from "steadystream"
import { readChatCompletions } from "steadystream/openai"
import { chunkings, ManualClock, type ScriptedAnswer, scriptedFetch, startFaultServer } from "steadystream/testing"
import { createChatRoute, type Saved } from "./route.ts"

const chunk = (content: string, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`
const whole = `${chunk("Hel")}${chunk("lo", "stop")}data: [DONE]\n\n`

/** Asks the route as a page does. The provider answers with `answer`. */
async function ask(answer: ScriptedAnswer, clock?: ManualClock) {
  const fetch = scriptedFetch([answer])
  const saved: Saved[] = []
  const route = createChatRoute({ fetch, save: (one) => saved.push(one), ...(clock && { clock }) })
  const body = JSON.stringify({ messages: [{ role: "user", content: "Hi" }] })
  const response = await route(new Request("https://example.com/api/chat", { method: "POST", body }))
  return { stream: readChatCompletions(response), fetch, saved }
}

/** The error that a page sees, which has the code that the route sent. */
async function codeOf(answer: Promise<unknown>): Promise<unknown> {
  const error = await answer.then(
    () => assert.fail("the answer must not be whole"),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SseProviderError)
  return error.error.code
}

test("the route passes the answer on and saves it", async () => {
  const { stream, fetch, saved } = await ask({ chunks: [whole] })
  const { choices } = await stream.collect()
  assert.equal(choices[0]?.content, "Hello")
  assert.deepEqual(saved, [{ reason: "done", text: "Hello" }])
  assert.match(String(fetch.requests[0]?.body), /"content":"Hi"/)
})

test("the route passes the answer on wherever the network cuts it into pieces", async () => {
  for (const chunks of chunkings(whole)) {
    const { stream } = await ask({ chunks })
    assert.equal((await stream.collect()).choices[0]?.content, "Hello")
  }
})

test("the route reports a cut answer as an error and saves the part that came", async () => {
  const { stream, saved } = await ask({ chunks: [chunk("Hel")], end: "reset" })
  assert.equal(await codeOf(stream.collect()), "connection")
  assert.equal(stream.snapshot.choices[0]?.content, "Hel")
  assert.deepEqual(saved, [{ reason: "error", text: "Hel" }])
})

test("the route reports a refusal without the provider's words", async () => {
  const { stream, saved } = await ask(Response.json({ error: { message: "bad key sk-123" } }, { status: 401 }))
  assert.equal(await codeOf(stream.collect()), "response")
  assert.deepEqual(saved, [{ reason: "error", text: "" }])
})

test("the route passes on an error that the provider reports in its stream", async () => {
  const error = `data: ${JSON.stringify({ error: { message: "Overloaded", code: "overloaded" } })}\n\n`
  const { stream } = await ask({ chunks: [chunk("Hel"), error] })
  assert.equal(await codeOf(stream.collect()), "overloaded")
})

test("the route stops waiting for a silent provider after 30 seconds, without a real wait", async () => {
  const clock = new ManualClock()
  const { stream, fetch, saved } = await ask({ chunks: [chunk("Hel")], end: "stall" }, clock)
  const code = codeOf(stream.collect())
  await clock.advance(29_999)
  assert.equal(fetch.openBodies, 1)
  await clock.advance(1)
  assert.equal(await code, "timeout")
  assert.equal(fetch.openBodies, 0)
  assert.deepEqual(saved, [{ reason: "error", text: "Hel" }])
})

test("the route ends the provider's request when the page leaves", async () => {
  const { stream, fetch, saved } = await ask({ chunks: [chunk("Hel")], end: "stall" })
  for await (const text of stream.textDeltas()) if (text === "Hel") break
  assert.equal(fetch.openBodies, 0)
  assert.equal(fetch.requests[0]?.signal?.aborted, true)
  assert.deepEqual(saved, [{ reason: "cancelled", text: "Hel" }])
})

test("the route notices a provider whose connection breaks on a real network", async () => {
  const provider = await startFaultServer({ body: [chunk("Hel"), chunk("lo")], pieceDelay: 5, end: "reset" })
  const saved: Saved[] = []
  const route = createChatRoute({ fetch, url: provider.url, save: (one) => saved.push(one) })
  const response = await route(new Request("https://example.com/", { method: "POST", body: '{"messages":[]}' }))
  assert.equal(await codeOf(readChatCompletions(response).collect()), "connection")
  assert.deepEqual(saved, [{ reason: "error", text: "Hello" }])
  await provider.allClosed()
  await provider.close()
})
