/* Errors that fail an attempt and may be retried; anything else ends the subscription. */
import { SseConnectionError, SseError } from "../errors.ts"

/** Calls `run`, and wraps what it throws in an SseConnectionError; an error of this package is rethrown as it is. */
export async function wrapFailure<T>(run: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (SseError.is(cause)) throw cause
    throw new SseConnectionError("Cannot read event stream: the connection failed", {
      cause,
      retryable: !isCertificateError(cause),
    })
  }
}

const CODE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/
const MESSAGE = /invalid peer certificate/i

/** Whether an error, or one of its causes, is a certificate that is not trusted: a retry would fail in the same way. */
function isCertificateError(error: unknown): boolean {
  let at = error as { code?: unknown; message?: unknown; cause?: unknown } | null | undefined
  for (let depth = 0; at && depth < 5; depth++) {
    if (typeof at.code === "string" && CODE.test(at.code)) return true
    if (typeof at.message === "string" && MESSAGE.test(at.message)) return true
    at = at.cause as typeof at
  }
  return false
}
