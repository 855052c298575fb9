import { SseProviderError } from "../errors.ts"
import type { SseEvent } from "../event.ts"
import { END_EVENT } from "../internal/reserved-events.ts"

/**
 * Throws for the event that ends a stored answer: no contract has it, and without it a cut answer looks like a whole one.
 *
 * @throws {@link SseProviderError}
 */
export function throwAtEnd({ event, data }: SseEvent): void {
  if (event !== END_EVENT) return
  const end = parsed(data)
  const { status, detail } = (end ?? {}) as { readonly status?: unknown; readonly detail?: unknown }
  const code = typeof status === "string" && /^\w{1,20}$/.test(status) ? status : "failed"
  const message = typeof detail === "string" ? detail : ""
  const error = { message, type: null, code, param: null, status: null, raw: end }
  throw new SseProviderError(`Cannot read event stream: the server ended it as "${code}"`, error, end, code === "lost")
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
