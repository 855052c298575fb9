import { SseProviderError } from "../errors.ts"
import type { SseEvent } from "../event.ts"
import { END_EVENT, reportedEndOf } from "../internal/reserved-events.ts"

/**
 * Throws for the event that ends a stored answer, if the contract does not have it: a cut answer must not look whole.
 *
 * @throws {@link SseProviderError}
 */
export function throwAtEnd({ event, data }: SseEvent): void {
  if (event !== END_EVENT) return
  const { code: status, message, raw } = reportedEndOf(data)
  const code = status ?? "failed"
  const error = { message, type: null, code, param: null, status: null, raw }
  throw new SseProviderError(`Cannot read event stream: the server ended it as "${code}"`, error, raw, code === "lost")
}
