import assert from "node:assert/strict"
import { test } from "node:test"
import { SseProviderError } from "steadystream"
import { readChatCompletions, relay } from "steadystream/openai"
import { type Answers, createAnswers, memoryStore } from "steadystream/server"
import { ManualClock, type ScriptedAnswer, scriptedFetch } from "steadystream/testing"

const chunk = (content: string, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`
const whole: ScriptedAnswer = { chunks: [chunk("Hel"), chunk("lo", "stop"), "data: [DONE]\n\n"] }
const halfway: ScriptedAnswer = { chunks: [chunk("Hel")], end: "stall" }

/** Starts an answer on one of two nodes, which share a store. */
async function start(scripted: ScriptedAnswer) {
  const clock = new ManualClock()
  const options = { store: memoryStore({ clock }), clock, ttl: 3_600_000, abandonAfter: 120_000 }
  const [node, other] = [createAnswers(options), createAnswers(options)]
  const fetch = scriptedFetch([scripted])
  const ask = (signal: AbortSignal) => fetch("https://api.openai.com/v1/chat/completions", { method: "POST", signal })
  const answer = await node.start("42", (signal) => relay(ask, { signal, clock }))
  return { clock, node, other, fetch, answer }
}

const get = (node: Answers) => node.respond(new Request("https://example.com/api/answers/42"), "42")

/** Reads up to the first text, and leaves, as a page does that reloads. */
async function readFirst(node: Answers): Promise<string | undefined> {
  for await (const text of readChatCompletions(await get(node)).textDeltas()) return text
  return undefined
}

/** Reads to an end that is not whole, and returns its code. */
async function codeOf(node: Answers): Promise<string | null> {
  const error: unknown = await readChatCompletions(await get(node))
    .collect()
    .catch((reason: unknown) => reason)
  assert.ok(error instanceof SseProviderError)
  return error.error.code
}

test("an answer goes on when its page reloads, and is read from its first word", async () => {
  const { node, fetch } = await start(halfway)
  assert.equal(await readFirst(node), "Hel")
  assert.equal(await readFirst(node), "Hel")
  assert.equal(fetch.openBodies, 1)
  assert.equal(fetch.requests.length, 1)
})

test("Stop ends the answer for each reader, and the request to the provider", async () => {
  const { node, other, fetch, answer } = await start(halfway)
  const codes = [codeOf(node), codeOf(other)]
  await other.cancel("42", "stopped by the user")
  assert.deepEqual(await Promise.all(codes), ["cancelled", "cancelled"])
  assert.equal((await answer.ended).detail, "stopped by the user")
  assert.equal(fetch.openBodies, 0)
})

test("an answer that no page reads is cancelled", async () => {
  const { clock, fetch, answer } = await start(halfway)
  const { status, detail } = await clock.runUntil(answer.ended)
  assert.deepEqual([status, detail], ["cancelled", "abandoned"])
  assert.equal(fetch.openBodies, 0)
})

test("an answer is lost for the readers of every process if its own process ends", async () => {
  const { clock, node, other } = await start(halfway)
  const code = codeOf(other)
  await clock.runUntil(node.closeAll({ within: 0 }))
  assert.equal(await code, "lost")
})

test("an answer is gone when its time is over", async () => {
  const { clock, node, answer } = await start(whole)
  assert.equal((await answer.ended).status, "done")
  await clock.advance(3_599_999)
  assert.equal((await readChatCompletions(await get(node)).collect()).choices[0]?.content, "Hello")
  await clock.advance(1)
  assert.equal((await get(node)).status, 404)
})
