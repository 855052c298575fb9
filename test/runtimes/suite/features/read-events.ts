/* readEvents over the runtime's own fetch. */
import { readEvents, type ReadEventsOptions } from "steadystream"
import { equal, rejection, throws } from "../checks.ts"
import type { SuiteCases } from "../suite.ts"

async function dataOf(url: string, options: ReadEventsOptions = {}): Promise<string[]> {
  const data: string[] = []
  for await (const event of readEvents(await fetch(url), options)) data.push(event.data)
  return data
}

export const readEventsCases: SuiteCases = {
  "readEvents joins characters that the network cut": async ({ script }) => {
    const bytes = [...new TextEncoder().encode("data: ✓ 😀 é\n\n")]
    const played = await script([{ body: bytes.map((byte) => [byte]) }])
    equal(await dataOf(played.url), ["✓ 😀 é"])
  },
  "readEvents rejects if the connection is reset, after the events before it": async ({ script }) => {
    const played = await script([{ body: ["data: a\n\n", { gate: true }], ending: "reset" }])
    const data: string[] = []
    const error = await rejection(async () => {
      for await (const event of readEvents(await fetch(played.url))) {
        data.push(event.data)
        await played.pass()
      }
    })
    equal([error.name, error.code, data], ["SseConnectionError", "connection", ["a"]])
  },
  "readEvents refuses a response of another type": async ({ script }) => {
    const played = await script([{ type: "text/html", body: ["data: a\n\n"] }])
    const error = await throws("SseResponseError", () => dataOf(played.url))
    equal(error.code, "content-type")
  },
}
