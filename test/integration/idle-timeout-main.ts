/* A silent stream on Bun, whose idle timeout and keepAlive are the arguments, and how it ended for a client. */
import { eventStreamResponse } from "steadystream/server"

interface BunServer {
  readonly url: URL
}
declare const Bun: {
  serve(options: { port: 0; hostname: string; idleTimeout: number; fetch(request: Request): Response }): BunServer
}

const [idleTimeout, keepAlive] = process.argv.slice(2).map(Number) as [number, number]

async function* silent() {
  yield { data: "before" }
  await new Promise((resolve) => setTimeout(resolve, 9500))
  yield { data: "after" }
}

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout,
  fetch: (request) => eventStreamResponse(silent(), { request, keepAlive }),
})
const text = await fetch(server.url).then((response) => response.text().catch(() => "cut"))
console.log(JSON.stringify(text))
process.exit()
