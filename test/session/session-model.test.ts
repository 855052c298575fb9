import * as fc from "fast-check"
import { defineEvents, type StandardSchemaV1, text } from "steadystream"
import { eventStreamResponse, type Session } from "steadystream/server"
import { ManualClock } from "steadystream/testing"
import { expect, test } from "vitest"
import { EventSession, leaveWhenAborted, type Outlet, SourceRun } from "../../src/session/index.ts"
import { settleTasks } from "../support/channel-client.ts"
import { failOnUnhandledRejections } from "../support/unhandled.ts"
import { type Outcome, SessionModel } from "./session-model.ts"

failOnUnhandledRejections()

const RUNS = 10_000

type Step =
  | { readonly do: "send" | "check" | "comment"; readonly isAwaited: boolean }
  | { readonly do: "answer"; readonly at: number; readonly isFit: boolean }
  | { readonly do: "take"; readonly count: number }
  | { readonly do: "close" | "fail" | "leave" | "abort" | "second" | "wrong" }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("send" as const, "check" as const, "comment" as const),
      isAwaited: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("answer" as const), at: fc.nat(6), isFit: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("take" as const), count: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom(...(["close", "fail", "leave", "abort", "second", "wrong"] as const)) }),
  },
)
const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 20, size: "max" })

/** One client, however it is connected. */
interface Client {
  readonly session: Session
  readonly written: readonly string[]
  readonly ending: SessionModel["ending"]
  /** Whether the client sees no end, because it has left. */
  readonly hasLeft: boolean
  take(count: number): void
  leave(): void
  fail(): void
  abort(): void
}

type Connect = (options: {
  readonly events: ReturnType<typeof contract>["events"] | undefined
  readonly clock: ManualClock
}) => Promise<Client>

/** A contract with a schema that answers when the test says so. */
function contract() {
  const answers = new Map<number, (isFit: boolean) => void>()
  const validate = (value: unknown) =>
    new Promise((resolve) => {
      answers.set(Number(value), (isFit) => resolve(isFit ? { value } : { issues: [{ message: "no" }] }))
    })
  const slow: StandardSchemaV1<string> = { "~standard": { version: 1, vendor: "test", validate: validate as never } }
  return { answers, events: defineEvents({ slow, quick: text() }) }
}

/** Plays the steps with a session and with the model, and compares the two after each. */
async function play(all: readonly Step[], hasContract: boolean, connect: Connect): Promise<void> {
  const clock = new ManualClock()
  const { answers, events } = contract()
  const client = await connect({ events: hasContract ? events : undefined, clock })
  const model = new SessionModel()
  const outcomes: Outcome[] = []
  const send = (block: string, state: "ready" | "unchecked" | "refused", promise: Promise<void>) => {
    const at = outcomes.push("waits") - 1
    promise.then(
      () => (outcomes[at] = "sent"),
      () => (outcomes[at] = "rejected"),
    )
    model.send(block, state)
  }
  for (const each of all) {
    const at = outcomes.length
    const session = client.session as Session<{ event: string; data: string }>
    // With a contract, every event is checked later; a body asks for each block later.
    const isLater = hasContract || !(client instanceof FakeOutlet)
    if (isLater && (each.do === "leave" || each.do === "abort")) await settleTasks(1)
    if (each.do === "check" && !hasContract) continue
    if (each.do === "send")
      send(`event: quick\ndata: ${at}\n\n`, "ready", session.send({ event: "quick", data: `${at}` }))
    else if (each.do === "wrong") send("", "refused", session.send({ event: "a\nb", data: "" }))
    else if (each.do === "comment") send(`: ${at}\n\n`, "ready", session.comment(`${at}`))
    else if (each.do === "check") {
      send(`event: slow\ndata: "${at}"\n\n`, "unchecked", session.send({ event: "slow", data: `${at}` }))
    } else if (each.do === "answer") {
      answers.get(each.at)?.(each.isFit)
      if (answers.delete(each.at)) model.answer(each.at, each.isFit)
    } else if (each.do === "take") {
      client.take(each.count)
      model.take(each.count)
    } else if (each.do === "second") {
      await clock.advance(1_000)
      model.drop()
    } else if (each.do === "close" || each.do === "fail") {
      if (each.do === "close") session.close()
      else client.fail()
      model.end(each.do === "close" ? "clean" : "failed")
    } else {
      client[each.do]()
      model.leave()
    }
    if ("isAwaited" in each && !each.isAwaited) continue
    await settleTasks(2)
    expect(client.written).toEqual(model.written)
    expect([client.session.state, outcomes]).toEqual([model.state, model.items.map(({ outcome }) => outcome)])
    if (!model.hasEnded) expect(client.ending).toBe("open")
  }
  client.take(30)
  model.take(30)
  await settleTasks(2)
  expect(client.written).toEqual(model.written)
  if (!client.hasLeft) expect(client.ending).toBe(model.ending)
  client.leave()
  await settleTasks(1)
  expect(client.session.signal.aborted).toBe(true)
  await client.session.closed
  // The timer of schemas that have not answered ends with the session.
  expect(clock.pendingTimers).toBe(0)
}

/** An outlet that takes as many blocks as the test allows, and none until it says so. */
class FakeOutlet implements Outlet, Client {
  readonly backlog = 0
  readonly hasLeft = false
  readonly session: EventSession
  readonly written: string[] = []
  ending: SessionModel["ending"] = "open"
  readonly #controller: AbortController = new AbortController()
  #fail: (error: unknown) => void = () => {}
  #room = 0

  constructor(...[{ events, clock }]: Parameters<Connect>) {
    this.session = new EventSession("", events as never, clock)
    this.session.attach(this)
    const source = () => new Promise<void>((_, reject) => (this.#fail = reject))
    void new SourceRun(this.session, source, { onError: () => {}, signals: [] }).start()
    leaveWhenAborted(this.session, this.#controller.signal)
  }

  write(bytes: Uint8Array): boolean {
    if (this.#room === 0 || this.ending !== "open") throw new Error("Wrote to an outlet that takes nothing")
    this.written.push(new TextDecoder().decode(bytes))
    return --this.#room > 0
  }

  end(): void {
    if (this.ending !== "open") throw new Error("Ended twice")
    this.ending = "clean"
  }

  fail(error?: unknown, isAtOnce?: boolean): void {
    if (error === undefined) return this.#fail(new Error("source"))
    if (this.ending !== "open") throw new Error("Ended twice")
    this.ending = isAtOnce === true ? "broken" : "failed"
  }

  take(count: number): void {
    this.#room += count
    if (this.#room === count) this.session.onReady()
  }

  leave(): void {
    this.session.leave(new Error("left"))
  }

  abort(): void {
    this.#controller.abort()
  }
}

test("Session does what its model does, with an outlet that is busy at any time", async () => {
  const connect: Connect = async (options) => new FakeOutlet(options)
  const property = fc.asyncProperty(steps, fc.boolean(), (all, hasContract) => play(all, hasContract, connect))
  await expect(fc.assert(property, { numRuns: RUNS })).resolves.toBeUndefined()
})

/** A response whose body is read by the test. */
async function connectResponse(...[{ events, clock }]: Parameters<Connect>): Promise<Client> {
  let session: Session | undefined
  let fail: () => void = () => {}
  const controller = new AbortController()
  const written: string[] = []
  let ending: SessionModel["ending"] = "open"
  let hasLeft = false
  const source = (given: Session) => {
    session = given
    return new Promise<void>((_, reject) => (fail = () => reject(new Error("source"))))
  }
  const { signal } = controller
  const options = { events: events as never, clock, keepAlive: 0, signal, onError: () => {} }
  const reader = eventStreamResponse(source as never, options).body!.getReader()
  const take = () => {
    reader.read().then(
      ({ value, done }) => {
        if (value !== undefined) written.push(new TextDecoder().decode(value))
        else if (done && ending === "open") ending = "clean"
      },
      (error: Error) => {
        if (ending === "open") ending = error.message.includes("its source has failed") ? "failed" : "broken"
      },
    )
  }
  // The session opens when the body is first read; the comment answers that read.
  take()
  await settleTasks(1)
  await session!.comment("open")
  await settleTasks(1)
  written.length = 0
  return {
    session: session!,
    written,
    get ending() {
      return ending
    },
    take: (count) => Array.from({ length: count }, take),
    get hasLeft() {
      return hasLeft
    },
    leave() {
      hasLeft = true
      reader.cancel().catch(() => {})
    },
    fail: () => fail(),
    abort: () => controller.abort(),
  }
}

test("Session does what its model does, with the body of a response", async () => {
  const property = fc.asyncProperty(steps, fc.boolean(), (all, hasContract) => play(all, hasContract, connectResponse))
  await expect(fc.assert(property, { numRuns: RUNS })).resolves.toBeUndefined()
})
