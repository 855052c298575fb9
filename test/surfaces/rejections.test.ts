/* No promise of ours is made without a guard: whatever fails, and however a consumer leaves, nothing is unhandled. */
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { silenceReports } from "../support/silence-reports.ts"
import { settle, within } from "../support/streams.ts"
import { type Consumer, readToEnd, type Source, sourceOf } from "./consumers.ts"
import { open, surfaces } from "./surfaces.ts"

silenceReports()

const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => void unhandled.push(reason)
beforeEach(() => void process.on("unhandledRejection", onUnhandled))
afterEach(() => {
  process.off("unhandledRejection", onUnhandled)
  unhandled.length = 0
})
/** The rejections that nothing has handled by now. */
const unhandledNow = async () => {
  await settle()
  return unhandled
}

/** Leaves, and waits a moment: some sources never end. */
const leave = ({ leave: end }: Consumer) => within(Promise.allSettled([end()]), 100)

const failure = new Error("of the source")
const fail = async (): Promise<never> => {
  throw failure
}

/** A stream that stays silent after `items`, and cannot be cancelled. */
function stubbornStream(items: readonly unknown[]): ReadableStream {
  return new ReadableStream({
    start: (controller) => items.forEach((item) => controller.enqueue(item)),
    cancel: fail,
  })
}

/** An iterable that stays silent after `items`, and cannot be left. */
function stubbornIterable(items: readonly unknown[]): AsyncIterable<unknown> {
  const left = [...items]
  const next = async () => (left.length > 0 ? { done: false, value: left.shift() } : new Promise<never>(() => {}))
  return { [Symbol.asyncIterator]: () => ({ next, return: fail }) }
}

const failing: [string, (items: readonly unknown[]) => Source][] = [
  ["fails at once", () => sourceOf([], failure)],
  ["fails after its items", (items) => sourceOf(items.slice(0, 1), failure)],
  ["is a stream that fails", () => new ReadableStream({ pull: fail, cancel: fail })],
]
const stubborn: [string, (items: readonly unknown[]) => Source][] = [
  ["a stream that cannot be cancelled", stubbornStream],
  ["an iterable that cannot be left", stubbornIterable],
]

describe.each(surfaces)("$name", (surface) => {
  const first = surface.input.slice(0, 1)

  test.each(failing)(`${surface.name} leaves no rejection unhandled if its source %s`, async (_, make) => {
    expect(await within(readToEnd(open(surface, make(surface.input))))).not.toBe("pending")
    expect(await unhandledNow()).toEqual([])
  })

  test.each(stubborn)(`${surface.name} leaves no rejection unhandled if a consumer leaves %s`, async (_, make) => {
    const consumer = open(surface, make(first))
    const reads = [consumer.next(), consumer.next(), consumer.next()].map((read) => read.catch(() => {}))
    await settle()
    await leave(consumer)
    await within(Promise.all(reads), 100)
    expect(await unhandledNow()).toEqual([])
  })

  test(`${surface.name} leaves no rejection unhandled if it is never read`, async () => {
    const consumer = open(surface, sourceOf([], failure))
    await settle()
    await leave(consumer)
    expect(await unhandledNow()).toEqual([])
  })
})

describe.each(surfaces.filter(({ takesSignal }) => takesSignal !== false))("$name and a signal", (surface) => {
  test.each(stubborn)(`${surface.name} leaves no rejection unhandled if a signal aborts %s`, async (_, make) => {
    const controller = new AbortController()
    const consumer = open(surface, make(surface.input.slice(0, 1)), { signal: controller.signal })
    const reads = [consumer.next(), consumer.next()].map((read) => read.catch(() => {}))
    await settle()
    controller.abort(new Error("of the signal"))
    await within(Promise.all(reads), 100)
    await leave(consumer)
    expect(await unhandledNow()).toEqual([])
  })
})
