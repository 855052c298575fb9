import { expect, test } from "vitest"
import { readEvents } from "ssekit"
test("smoke", async () => {
  const out = []
  for await (const e of readEvents("data: a\n\nid: 1\ndata: b\r\n\r\n")) out.push(e)
  expect(out).toEqual([
    { event: "message", data: "a", id: undefined, lastEventId: "" },
    { event: "message", data: "b", id: "1", lastEventId: "1" },
  ])
})
