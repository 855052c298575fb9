import { expect, test } from "vitest"
import { runProgram } from "../../support/program.ts"

test.each([
  ["fails", ""],
  ["gets gaps", "onGap() { gaps++ }"],
])("shareAcrossTabs() keeps a bounded number of events in a tab that does not consume and %s", async (_, onGap) => {
  const { code, output } = await runProgram(
    `import { shareAcrossTabs } from "steadystream/client"
    let [number, gaps] = [0, 0]
    const fetch = async () => new Response(new ReadableStream({
      pull(controller) {
        number++
        controller.enqueue(new TextEncoder().encode("id: " + number + "\\ndata: " + String(number).padStart(10_000, "x") + "\\n\\n"))
      },
    }), { headers: { "content-type": "text/event-stream" } })
    const options = { key: "news", fetch, limits: { maxQueuedEvents: 64 } }
    const idle = [1, 2].map(() => shareAcrossTabs("https://example.com/stream", { ...options, ${onGap} }))
    for (const subscription of idle) void subscription[Symbol.asyncIterator]().next()
    const fast = shareAcrossTabs("https://example.com/stream", options)
    let count = 0
    let before = 0
    for await (const _ of fast) {
      if (++count === 200) { gc(); before = process.memoryUsage().heapUsed }
      if (count === 8_000) break
    }
    gc(); await new Promise((resolve) => setTimeout(resolve, 10)); gc()
    const kept = (process.memoryUsage().heapUsed - before) / 1024 / 1024
    console.log(kept < 16 ? "bounded" : "kept " + Math.round(kept) + " MB", idle.map(({ state }) => state).join())
    process.exit(0)`,
    ["--expose-gc"],
  )
  expect([code, output]).toEqual([0, onGap === "" ? "bounded closed,closed" : expect.stringMatching(/^bounded/)])
})
