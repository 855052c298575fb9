import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import { createGzip } from "node:zlib"
import { expect, test } from "vitest"
import { readEvents, SseLimitError } from "steadystream"
import { listen } from "../support/listen.ts"

test("readEvents() counts the decompressed size of a gzip bomb, and closes the connection", async () => {
  const responses: ServerResponse[] = []
  const server = createServer((_, response) => {
    responses.push(response)
    response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" })
    const gzip = createGzip()
    gzip.pipe(response)
    const zeros = Buffer.alloc(1024 * 1024, "0")
    const write = () => {
      while (!response.destroyed && gzip.write(zeros));
    }
    gzip.on("drain", write)
    gzip.write("data: first\n\ndata: ")
    write()
  })
  const events = readEvents(await fetch(await listen(server)), { maxLineLength: 1_000_000 })
  expect((await events.next()).value?.data).toBe("first")
  const closed = once(responses[0]!, "close")
  await expect(events.next()).rejects.toBeInstanceOf(SseLimitError)
  await closed
  expect(responses[0]!.writableFinished).toBe(false)
})
