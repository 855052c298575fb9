/* A server of a channel on Bun or Deno, with their default options. It prints its port, and is controlled by requests. */
import { createChannels, memoryStore } from "steadystream/server"

type Answer = (request: Request) => Promise<Response>

interface Runtime {
  readonly Bun?: {
    serve(options: { port: 0; hostname: string; fetch: Answer }): { readonly port: number }
  }
  readonly Deno?: {
    serve(
      options: { port: 0; hostname: string; onListen(address: { readonly port: number }): void },
      answer: Answer,
    ): void
  }
}

declare const KEPT: number
const channels = createChannels({ store: memoryStore({ retention: { events: KEPT } }) })

async function publish(all: readonly string[]): Promise<string> {
  let last = ""
  for (const data of all) last = (await channels.publish("news", { data })).cursor
  return last
}

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === "/publish") return new Response(await publish((await request.json()) as string[]))
  if (pathname === "/size") return new Response(String(channels.size("news")))
  return channels.respond(request, "news")
}

const { Bun, Deno } = globalThis as Runtime
const hostname = "127.0.0.1"
if (Bun !== undefined) console.log(Bun.serve({ port: 0, hostname, fetch: answer }).port)
else Deno!.serve({ port: 0, hostname, onListen: ({ port }) => console.log(port) }, answer)
