/* POST /api/chat starts an answer; GET and DELETE of /api/chat/[id]/stream read it again and stop it. */
import {
  convertToModelMessages,
  createUIMessageStreamResponse,
  generateId,
  streamText,
  toUIMessageStream,
  type UIMessage,
} from "ai"
import { SseError } from "steadystream"
import { answers, chats, mayUse, model } from "./app.ts"

interface Context {
  readonly params: Promise<{ readonly id: string }>
}

const headers = { "x-vercel-ai-ui-message-stream": "v1" }

export async function POST(request: Request): Promise<Response> {
  const { id, message } = (await request.json()) as { id: string; message: UIMessage }
  if (!mayUse(request, id)) return new Response(null, { status: 403 })
  return orUnavailable(async () => {
    const messages = [...(chats.get(id)?.messages ?? []), message]
    const answerId = `${id}/${generateId()}`
    const answer = await answers.start(answerId, async (abortSignal) => {
      // Here, because a question whose answer did not start is asked again.
      chats.set(id, { messages, answerId })
      const { stream } = streamText({ model, messages: await convertToModelMessages(messages), abortSignal })
      const parts = toUIMessageStream({
        stream,
        originalMessages: messages,
        generateMessageId: generateId,
        onEnd: ({ messages: all }) => void chats.set(id, { messages: all, answerId }),
      })
      return createUIMessageStreamResponse({ stream: parts })
    })
    return answer.respond(request, { headers })
  })
}

export async function GET(request: Request, { params }: Context): Promise<Response> {
  const { id } = await params
  if (!mayUse(request, id)) return new Response(null, { status: 403 })
  const { answerId } = chats.get(id) ?? {}
  if (answerId === undefined) return new Response(null, { status: 204 })
  const response = await orUnavailable(() => answers.respond(request, answerId, { headers }))
  // useChat resumes nothing at 204, and fails at 404.
  return response.status === 404 ? new Response(null, { status: 204 }) : response
}

export async function DELETE(request: Request, { params }: Context): Promise<Response> {
  const { id } = await params
  if (!mayUse(request, id)) return new Response(null, { status: 403 })
  const { answerId } = chats.get(id) ?? {}
  return orUnavailable(async () => {
    if (answerId !== undefined) await answers.cancel(answerId, "stopped by the user")
    return new Response(null, { status: 204 })
  })
}

/** Answers 503 if this process is shutting down or the store is away. */
async function orUnavailable(respond: () => Promise<Response>): Promise<Response> {
  try {
    return await respond()
  } catch (error) {
    if (!SseError.is(error)) throw error
    return new Response(null, { status: 503, headers: { "retry-after": "1" } })
  }
}
