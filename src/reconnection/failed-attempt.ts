/* Law: what fails an attempt, so that another one may mend it; all else that is thrown is misuse, and ends everything. */
import { SseConnectionError, SseError } from "../errors.ts"

/** What `run` gives. What it throws is a failed attempt: an error of this package stays as it is. */
export async function attempted<T>(run: () => T | PromiseLike<T>): Promise<T> {
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

/** Whether an error, or what caused it, is a certificate that is not trusted: trying again does not mend it. */
function isCertificateError(error: unknown): boolean {
  let at = error as { code?: unknown; message?: unknown; cause?: unknown } | null | undefined
  for (let depth = 0; at && depth < 5; depth++) {
    if (typeof at.code === "string" && CODE.test(at.code)) return true
    if (typeof at.message === "string" && MESSAGE.test(at.message)) return true
    at = at.cause as typeof at
  }
  return false
}
