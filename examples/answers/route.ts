/* One URL for each answer: POST starts it, GET reads it again, DELETE stops it. */
import { SseError } from "steadystream"
import { relay } from "steadystream/openai"
import { answers, askProvider, nameOf } from "./app.ts"

export interface Context {
  readonly params: Promise<{ readonly id: string }>
}

export const POST = handlerOf(async (request, name) => {
  // A page that has some of the answer wants the rest. After `ttl` that is 404, not a second answer.
  if (request.headers.has("last-event-id")) return answers.respond(request, name)
  const { messages } = (await request.json()) as { messages: unknown }
  const answer = await answers.start(name, (signal) => relay((abort) => askProvider(messages, abort), { signal }))
  return answer.respond(request)
})

export const GET = handlerOf((request, name) => answers.respond(request, name))

export const DELETE = handlerOf(async (_request, name) => {
  await answers.cancel(name, "stopped by the user")
  return new Response(null, { status: 204 })
})

/** Returns a handler that answers 403 to a stranger, and 503 if the process is shutting down or the store is away. */
function handlerOf(respond: (request: Request, name: string) => Promise<Response>) {
  return async (request: Request, { params }: Context): Promise<Response> => {
    const name = nameOf(request.headers.get("cookie"), (await params).id)
    if (name === undefined) return new Response(null, { status: 403 })
    try {
      return await respond(request, name)
    } catch (error) {
      if (!SseError.is(error)) throw error
      return new Response(null, { status: 503, headers: { "retry-after": "1" } })
    }
  }
}
