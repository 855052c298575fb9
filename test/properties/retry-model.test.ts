import * as fc from "fast-check"
import { afterEach, expect, test, vi } from "vitest"
import { SseError } from "steadystream"
import { subscribe } from "steadystream/client"
import { ManualClock, type ScriptedAnswer, scriptedFetch } from "steadystream/testing"
import { consume } from "../support/consumer.ts"

const TARGET = "https://example.com/stream"

afterEach(() => vi.unstubAllGlobals())

type Step =
  | {
      kind: "new" | "old" | "none" | "end" | "500" | "reset" | "refused" | "hang" | "long" | "redirect" | "loop" | "404"
    }
  | { kind: "429" | "retry"; value: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({ kind: fc.constantFrom("new", "old", "none", "end", "500", "reset", "refused") }),
  },
  { weight: 30, arbitrary: fc.record({ kind: fc.constantFrom("hang", "long", "redirect", "loop") }) },
  { weight: 30, arbitrary: fc.record({ kind: fc.constantFrom("429", "retry"), value: fc.nat(100_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("404") }) },
)

interface Policy {
  maxRetries: number
  maxElapsed: number
}

/** The model: the time of each request and the outcome. */
function model(steps: readonly Step[], { maxRetries, maxElapsed }: Policy) {
  const times: number[] = []
  let now = 0
  let failures = 0
  let since = 0
  let server: number | undefined
  let sawOld = false
  const request = () => {
    const tenth = times.at(-10)
    if (tenth !== undefined) now = Math.max(now, tenth + 1000)
    times.push(now)
  }
  for (const { kind, ...rest } of steps) {
    for (let hops = { redirect: 2, loop: 6 }[kind as string] ?? 1; hops > 0; hops--) request()
    if (kind === "404") return { times, end: "response" }
    if (kind === "hang") now += 30_000
    if (kind === "long") now += 10_000
    const value = "value" in rest ? rest.value : 0
    if (kind === "retry") server = Math.min(Math.max(value, 100), 30_000)
    if (kind === "new" || kind === "none" || kind === "long" || (kind === "old" && !sawOld))
      [failures, since] = [0, now]
    sawOld ||= kind === "old"
    failures++
    const floor = Math.max(100, server ?? 0, kind === "429" ? Math.min(value * 1000, 300_000) : 0)
    const top = Math.max(floor, Math.min(30_000, (server ?? 1000) * 2 ** (failures - 1)))
    const delay = (floor + Math.max(top, 1.25 * floor)) / 2
    if (failures > maxRetries || now - since + delay > maxElapsed) return { times, end: "retries-exhausted" }
    now += delay
  }
  request()
  return { times, end: "done" }
}

const moved = (path: string) => new Response(null, { status: 302, headers: { location: path } })

/** The answers that a step is made of. */
function answersOf(one: Step, index: number, clock: ManualClock): ScriptedAnswer[] {
  const value = String("value" in one ? one.value : 0)
  const long = () => {
    const { readable, writable } = new TransformStream()
    clock.setTimeout(() => void writable.close(), 10_000)
    return new Response(readable, { headers: { "content-type": "text/event-stream" } })
  }
  const answers: Record<Step["kind"], ScriptedAnswer[]> = {
    new: [{ chunks: [`id: new ${index}\ndata: x\n\n`] }],
    old: [{ chunks: ["id: old\ndata: x\n\n"] }],
    none: [{ chunks: ["data: x\n\n"] }],
    end: [{ chunks: [": nothing\n\n"] }],
    500: [new Response("", { status: 500 })],
    404: [new Response("", { status: 404 })],
    429: [new Response("", { status: 429, headers: { "retry-after": value } })],
    reset: [{ chunks: ["id: cut\ndata: x\n"], end: "reset" }],
    refused: [new TypeError("fetch failed")],
    hang: [() => new Promise<Response>(() => {})],
    redirect: [moved("/a"), { chunks: [] }],
    loop: Array.from({ length: 6 }, () => moved(TARGET)),
    retry: [{ chunks: [`retry: ${value}\n\n`] }],
    long: [long],
  }
  return answers[one.kind]
}

test("subscribe() requests and ends as a model of 30 lines does for any sequence of answers", async () => {
  const policy = fc.record({ maxRetries: fc.nat(6), maxElapsed: fc.oneof(fc.constant(Infinity), fc.nat(200_000)) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), policy, async (steps, retry) => {
      const clock = new ManualClock({ random: () => 0.5 })
      const times: number[] = []
      const script = [
        ...steps.flatMap((one, index) => answersOf(one, index, clock)),
        new Response(null, { status: 204 }),
      ]
      const fetch = scriptedFetch(
        script.map((answer) => (request) => {
          times.push(clock.now())
          return typeof answer === "function" ? answer(request) : answer
        }),
      )
      vi.stubGlobal("fetch", fetch)
      const { outcome } = consume(subscribe(TARGET, { clock, retry }))
      await clock.advance(10_000_000)
      const end = await outcome
      expect({ times, end: SseError.is(end) ? end.code : end }).toEqual(model(steps, retry))
      for (const time of times) expect(times.filter((at) => at >= time && at < time + 1000).length).toBeLessThan(11)
      expect([clock.pendingTimers, fetch.openBodies]).toEqual([0, 0])
    }),
    { numRuns: 1_000 },
  )
})
