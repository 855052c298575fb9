import { createServer, type ServerResponse } from "node:http"
import { sendEventStream, type SendEventStreamOptions } from "steadystream/node"
import type { SseServerSource } from "steadystream/server"
import { listen } from "./listen.ts"

/** Serves with `sendEventStream`, and keeps the outcome of the last call. */
export async function serve(
  source: SseServerSource,
  options: SendEventStreamOptions = {},
  prepare?: (response: ServerResponse) => void,
): Promise<{ readonly sent: Promise<unknown>; readonly origin: string }> {
  const state: { sent: Promise<unknown>; origin: string } = { sent: new Promise(() => {}), origin: "" }
  state.origin = await listen(
    createServer((request, response) => {
      prepare?.(response)
      state.sent = sendEventStream(request, response, source, options).then(
        () => "resolved",
        (error: unknown) => error,
      )
    }),
  )
  return state
}
