/* Follows the stream of a command's request, and reports states, attempts and warnings on the error output. */
import { subscribe, type SubscribeOptions, type SubscriptionHooks } from "../client/index.ts"
import type { SseEvent } from "../index.ts"
import { describeError } from "./describe-error.ts"
import type { CommandArguments } from "./flags.ts"
import type { Progress } from "./progress.ts"
import { explanationOf } from "./explanation.ts"
import { type RequestOptions, requestOf } from "./request-options.ts"
import type { Terminal } from "./terminal.ts"
import { visibleLine } from "./visible-text.ts"

const DEFAULT_RETRIES = 10
/** What the library advises when a server closes its stream. */
const ADVICE = / \(if that is its normal end, [^)]*\)$/

/** What the flags of a request say, checked. */
export interface PreparedStream {
  readonly request: RequestOptions
  readonly options: SubscribeOptions
  readonly maxRetries: number
  readonly isQuiet: boolean
}

/**
 * Reads the flags of a request, and opens nothing.
 *
 * @throws UsageError if a flag is wrong.
 */
export async function prepareStream(given: CommandArguments, signal: AbortSignal): Promise<PreparedStream> {
  const retries = given.number("retries", { isInteger: true })
  const [until, lastEventId] = [given.text("until"), given.text("last-event-id")]
  const timeouts = { total: given.seconds("timeout"), idle: given.seconds("idle") }
  const request = await requestOf(given, signal)
  const { method, headers, body } = request
  const maxRetries = retries ?? DEFAULT_RETRIES
  const options: SubscribeOptions = {
    method,
    headers,
    body,
    timeouts,
    ...(until !== undefined && { until }),
    ...(lastEventId !== undefined && { lastEventId }),
    retry: maxRetries === 0 ? false : { maxRetries },
    // A POST is repeated only if the user asks for it.
    ...(retries !== undefined && { resume: "same" as const }),
  }
  return { request, options, maxRetries, isQuiet: given.has("quiet") }
}

/**
 * Follows a stream to its end, and counts its events.
 *
 * @param onEvent - Called with each event; what it returns is waited for.
 * @param open - What subscribes.
 * @throws the errors of `subscribe`.
 */
export async function followStream(
  { request, options, maxRetries, isQuiet }: PreparedStream,
  terminal: Terminal,
  progress: Progress,
  onEvent: (event: SseEvent) => void | Promise<void>,
  open: typeof subscribe = subscribe,
): Promise<void> {
  const { signal } = terminal
  terminal.startProgress(() => progress.line())
  try {
    const hooks = isQuiet ? {} : reports(terminal, maxRetries)
    for await (const event of open(request.url, { ...options, signal, ...hooks })) {
      progress.events++
      await onEvent(event)
    }
  } catch (error) {
    const explanation = explanationOf(error, request)
    if (explanation !== undefined) terminal.note(explanation)
    throw error
  } finally {
    terminal.endProgress()
  }
}

function reports(terminal: Terminal, maxRetries: number): SubscriptionHooks {
  const { dim, yellow } = terminal.errorColours
  const note = (line: string) => terminal.note(line)
  let retries = 0
  let hasAdvised = false
  note(dim("connecting"))
  return {
    // The other states are reported with what is known of them.
    onStateChange: (state) => {
      if (state === "connecting") note(dim("connecting"))
    },
    onOpen: ({ status, headers }) => {
      note(dim(`open: ${status} ${visibleLine(headers?.get("content-type") ?? "without a content type", 100)}`))
    },
    onRetry: ({ attempt, delay, error }) => {
      const seconds = (delay / 1_000).toFixed(1)
      // The count starts again after an attempt that was healthy: events arrived, or it was open for long.
      const isReset = attempt === 1 && retries > 0
      const reset = isReset ? ` (events had arrived, so the count starts again; retries before: ${retries})` : ""
      retries++
      const described = describeError(error)
      const withoutAdvice = described.replace(ADVICE, "")
      const reason = hasAdvised ? withoutAdvice : described
      hasAdvised ||= withoutAdvice !== described
      note(yellow(`waiting: ${seconds} s before retry ${attempt} of ${maxRetries}${reset}. ${reason}`))
    },
    onGap: ({ reason }) => note(yellow(`gap: events are missing (${visibleLine(reason ?? "no reason", 100)})`)),
    onWarning: ({ message }) => note(yellow(`warning: ${message}`)),
  }
}
