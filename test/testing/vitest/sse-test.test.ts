import { subscribe } from "steadystream/client"
import { type FaultServer, formatRecording } from "steadystream/testing"
import { sseTest } from "steadystream/testing/vitest"
import { expect } from "vitest"

let last: FaultServer | undefined

sseTest("sseTest makes a server that answers what the test says", async ({ server, clock }) => {
  last = server
  server.answerWith([{ body: "id: 1\ndata: a\n\n", end: "reset" }, { body: "data: b\n\n" }, { status: 204 }])
  await clock.runUntil(expect(subscribe(server.url, { clock })).toHaveEvents(["a", "b"]))
  expect(server.requests.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "1", "1"])
  // A connection that stays open does not keep the server from closing.
  server.answerWith({ end: "stall" })
  await fetch(server.url)
})

sseTest("sseTest makes another server for each test, and has closed the one before", async ({ server }) => {
  expect(last).toBeDefined()
  expect(server).not.toBe(last)
  await last!.allClosed()
  await expect(fetch(last!.url)).rejects.toThrow("fetch failed")
  server.answerWith({ body: "data: first\n\n" })
  await expect(fetch(server.url)).toHaveEvents(["first"])
  server.answerWith([{ body: "data: second\n\n" }, { body: "data: third\n\n" }])
  await expect(fetch(server.url)).toHaveEvents(["second"])
  await expect(fetch(server.url)).toHaveEvents(["third"])
})

sseTest("sseTest makes a recorder whose times are those of the clock", async ({ server, clock, recorder }) => {
  server.answerWith([{ body: "data: a\n\n" }, { status: 204 }])
  const events = recorder.subscribe(server.url, { clock, retry: { initialDelay: 1000 } })
  await clock.runUntil(expect(events).toHaveEvents(["a"]))
  const { entries } = recorder.recording
  expect(entries[0]).toMatchObject({ type: "request", at: 0 })
  expect(entries.at(-1)).toMatchObject({ type: "state", state: "closed", at: clock.now() })
  expect(formatRecording(recorder.recording)).toContain('"text":"data: a\\n\\n"')
})

sseTest("sseTest reports a request before the script", async ({ server, onTestFinished }) => {
  const reports: unknown[] = []
  const report = (globalThis as { reportError?: unknown }).reportError
  Object.assign(globalThis, { reportError: (error: unknown) => reports.push(error) })
  onTestFinished(() => void Object.assign(globalThis, { reportError: report }))
  await expect(fetch(server.url)).rejects.toThrow("fetch failed")
  expect(String(reports[0])).toBe("Error: Cannot answer request: the test must call server.answerWith() before it")
})

sseTest("sseTest has a server that refuses a script of a wrong kind", ({ server }) => {
  expect(() => server.answerWith("data: a" as never)).toThrow(
    'Cannot replace script: "script" must be an answer, an array or a function',
  )
})
