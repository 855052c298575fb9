/* One URL for each answer: POST starts it, GET reads it again, DELETE stops it. */
import { SseError } from "steadystream"
import { relay } from "steadystream/openai"
import { answers, askProvider, nameOf } from "./app.ts"

export interface Context {
  readonly params: Promise<{ readonly id: string }>
}

export async function POST(request: Request, { params }: Context): Promise<Response> {
  const name = nameOf(request.headers.get("cookie"), (await params).id)
  if (name === undefined) return new Response(null, { status: 403 })
  const { messages } = (await request.json()) as { messages: unknown }
  try {
    const answer = await answers.start(name, (signal) => relay((abort) => askProvider(messages, abort), { signal }))
    return await answer.respond(request)
  } catch (error) {
    if (!SseError.is(error)) throw error
    // This process is shutting down, or cannot reach the store.
    return new Response(null, { status: 503, headers: { "retry-after": "1" } })
  }
}

export async function GET(request: Request, { params }: Context): Promise<Response> {
  const name = nameOf(request.headers.get("cookie"), (await params).id)
  if (name === undefined) return new Response(null, { status: 403 })
  return answers.respond(request, name)
}

export async function DELETE(request: Request, { params }: Context): Promise<Response> {
  const name = nameOf(request.headers.get("cookie"), (await params).id)
  if (name === undefined) return new Response(null, { status: 403 })
  await answers.cancel(name, "stopped by the user")
  return new Response(null, { status: 204 })
}
