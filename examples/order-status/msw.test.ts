import { readFileSync } from "node:fs"
import { http } from "msw"
import { setupServer } from "msw/node"
import { parseRecording, replay } from "steadystream/testing"
import { sseTest } from "steadystream/testing/vitest"
import { afterAll, beforeAll, expect } from "vitest"
import { followOrder } from "./follow-order.ts"

const recording = parseRecording(readFileSync(new URL("order.jsonl", import.meta.url), "utf8"))

const shop = setupServer(
  http.post("https://shop.example.com/orders", () => replay(recording, { speed: Infinity }).response()),
)
beforeAll(() => shop.listen({ onUnhandledFrame: "error" }))
afterAll(() => shop.close())

sseTest("followOrder reads the recording that msw sends", async () => {
  await expect(followOrder("42")).toHaveEvents([{ id: "1" }, { id: "2" }, { event: "delivered" }])
})
