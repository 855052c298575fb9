/* A server of a channel on Bun, with its default options. It prints its port. */
import { createChannels } from "steadystream/server"

declare const Bun: {
  serve(options: { port: 0; hostname: string; fetch(request: Request): Promise<Response> }): { readonly port: number }
}

const channels = createChannels()

async function answer(request: Request): Promise<Response> {
  if (new URL(request.url).pathname !== "/publish") return channels.respond(request, "news")
  const { cursor } = await channels.publish("news", { data: await request.text() })
  return new Response(cursor)
}

console.log(Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer }).port)
