import { SseConnectionError, SseError, SseResponseError } from "../errors.ts"
import { cancelQuietly } from "../internal/cancel.ts"
import type { Interruption } from "../internal/interruption.ts"
import { type ChunkSource, isResponse, openSource, type SseSource } from "../parser/index.ts"
import type { OpenInfo } from "./hooks.ts"
import type { Attempt } from "./options.ts"

/** How attempts connect. */
export interface Transport {
  /**
   * Opens one attempt; `undefined` where the server says that there is nothing more (204).
   *
   * @throws SseError for a failed attempt; {@link Misuse} for what no attempt can mend.
   */
  open(attempt: Attempt, context: AttemptContext): Promise<Opened | undefined>
}

/** What an attempt has while it connects. */
export interface AttemptContext {
  readonly interruption: Interruption
  /** Whether nothing was asked for before. */
  readonly isFirst: boolean
  /** Waits until the next request may begin. */
  takeTurn(): Promise<void>
  /** Calls `run` after `ms` milliseconds, unless what it gives is called first. */
  after(ms: number, run: () => void): () => void
}

/** A connection that events come from. */
export interface Opened {
  readonly source: ChunkSource
  readonly info: OpenInfo
}

/** An error of the caller's, which ends the subscription as it is. */
export class Misuse {
  readonly reason: unknown

  constructor(reason: unknown) {
    this.reason = reason
  }
}

/** `source`, opened; that it cannot be is the caller's mistake. */
export function openOrMisuse(source: SseSource): ChunkSource {
  try {
    return openSource(source, { check: false })
  } catch (error) {
    throw new Misuse(error)
  }
}

/** Frees what a source holds that came when nobody wanted it any more. */
export function discardSource(source: SseSource): void {
  if (isResponse(source)) return discardBody(source)
  try {
    openSource(source).cancel()
  } catch {
    // What cannot be opened holds nothing.
  }
}

/** Frees the connection of a response that nobody reads. */
export function discardBody(response: Response): void {
  // `body` is missing on platforms without streams, and a late answer may be no response at all, whatever the types say.
  const body = (response as Partial<Response> | null | undefined)?.body
  if (typeof body?.cancel === "function") cancelQuietly(body)
}

/** `cause` as a failed attempt: an error of this package stays as it is. */
export function connectionError(what: string, cause: unknown): SseError {
  if (SseError.is(cause)) return cause
  const retryable = !isCertificateError(cause)
  return new SseConnectionError(`Cannot open event stream: ${what}`, { cause, retryable })
}

const CERTIFICATE_CODE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/

/** Whether an error, or what caused it, is a certificate that is not trusted: trying again does not mend it. */
function isCertificateError(error: unknown): boolean {
  let at = error as { code?: unknown; message?: unknown; cause?: unknown } | null | undefined
  for (let depth = 0; depth < 5 && typeof at === "object" && at !== null; depth++) {
    if (typeof at.code === "string" && CERTIFICATE_CODE.test(at.code)) return true
    if (typeof at.message === "string" && /invalid peer certificate/i.test(at.message)) return true
    at = at.cause as typeof at
  }
  return false
}

/** A response whose redirect is not followed. */
export function redirectError(reason: string, response: Response, retryable = false): SseResponseError {
  const { status, headers } = response
  discardBody(response)
  const message = `Cannot open event stream: ${reason}`
  return new SseResponseError(message, "redirect-refused", { status, headers, body: "", retryable })
}
