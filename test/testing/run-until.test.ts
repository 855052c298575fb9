import { readFile, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { subscribe } from "steadystream/client"
import { ManualClock, scriptedFetch } from "steadystream/testing"
import { describe, expect, test } from "vitest"
import { rejection, within } from "../support/streams.ts"

const TARGET = "https://example.com/stream"

describe("ManualClock", () => {
  const sleep = (clock: ManualClock, ms: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, ms))

  test("runUntil() advances to each timer and waits for real I/O between", async () => {
    const clock = new ManualClock()
    const file = join(tmpdir(), `clock-${process.pid}`)
    const work = async () => {
      for (let at = 0; at < 3; at++) {
        await writeFile(file, `${at}`)
        await sleep(clock, 60_000)
      }
      return readFile(file, "utf8")
    }
    expect(await within(clock.runUntil(work()))).toBe("2")
    expect(clock.now()).toBe(180_000)
  })

  test("runUntil() rejects as its promise does", async () => {
    const clock = new ManualClock()
    const broken = new Error("broken")
    const work = sleep(clock, 1_000).then(() => {
      throw broken
    })
    expect(await within(rejection(clock.runUntil(work)))).toBe(broken)
  })

  test("runUntil() runs a subscription that writes its cursor to a file", async () => {
    const clock = new ManualClock()
    const file = join(tmpdir(), `cursor-${process.pid}`)
    const fetch = scriptedFetch([
      { chunks: ["id: 1\ndata: a\n\n"] },
      { chunks: ["id: 2\ndata: b\n\n"] },
      new Response(null, { status: 204 }),
    ])
    const read = async () => {
      for await (const event of subscribe(TARGET, { clock, fetch })) await writeFile(file, event.lastEventId)
      return readFile(file, "utf8")
    }
    expect(await within(clock.runUntil(read()))).toBe("2")
  })

  test.each([0, -1, 0.1])("advance() rejects if a timer sets itself again with %d ms without end", async (ms) => {
    const clock = new ManualClock()
    let isOver = false
    const again = () => {
      if (!isOver) clock.setTimeout(again, ms)
    }
    clock.setTimeout(again, ms)
    const outcome = await within(
      clock.advance(ms === 0.1 ? 1_000_000_000 : 10).then(
        () => "resolved",
        (error: unknown) => error,
      ),
    )
    isOver = true
    expect(outcome).toBeInstanceOf(Error)
    expect((outcome as Error).message).toMatch(/timer/)
  })

  test("advance() adds up if it is called twice without waiting", async () => {
    const clock = new ManualClock()
    const fired: number[] = []
    for (const ms of [5, 15]) clock.setTimeout(() => fired.push(clock.now()), ms)
    await Promise.all([clock.advance(10), clock.advance(10)])
    expect([clock.now(), fired]).toEqual([20, [5, 15]])
  })

  test("advance() adds up if it is called from inside a timer", async () => {
    const clock = new ManualClock()
    let inner: Promise<void> | undefined
    clock.setTimeout(() => void (inner = clock.advance(10)), 5)
    await clock.advance(10)
    await within(inner!)
    expect(clock.now()).toBe(20)
  })

  test("advance() rejects with what a timer throws", async () => {
    const clock = new ManualClock()
    const broken = new Error("broken")
    clock.setTimeout(() => {
      throw broken
    }, 5)
    expect(await rejection(clock.advance(10))).toBe(broken)
  })
})
