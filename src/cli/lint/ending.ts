/* The rules of the end: whether a reader can distinguish the whole stream from a cut one. */
import { SseMalformedError, SseProviderError, SseTruncatedError } from "../../index.ts"
import { readChatCompletions, readCompletions, readResponses } from "../../openai/index.ts"
import type { LintedEvent } from "./framing.ts"
import type { LintedResponse } from "./linted-response.ts"
import type { Finding } from "./rules.ts"

/** Checks how the stream ended. A stream that the reader stopped has no end to check. */
export async function checkEnd(
  { end, isRetried }: LintedResponse,
  body: Uint8Array<ArrayBuffer>,
  events: readonly LintedEvent[],
  until: string | undefined,
): Promise<Finding[]> {
  const findings: Finding[] = []
  if (isRetried) {
    // The end of the whole stream is in a later response.
    const message = "The connection broke before the end of the body, and the reader made another request."
    return end === "error" ? [{ rule: "end/broken-and-retried", message }] : []
  }
  if (end === "error")
    findings.push({ rule: "end/broken", message: "The connection broke before the end of the body." })
  if (end === "cancel") return findings
  if (until !== undefined && !events.some(({ data }) => data === until)) {
    findings.push({ rule: "end/no-mark", message: "No event is the end mark of --until, so a cut looks like the end." })
  }
  const read = readerFor(events)
  return read === undefined ? findings : [...findings, ...(await checkAnswer(read, body))]
}

/** The reader of the API that the events are of, `undefined` if they are of none. */
function readerFor(events: readonly LintedEvent[]): typeof readChatCompletions | undefined {
  for (const { data } of events.slice(0, 5)) {
    const value = parsed(data)
    if (typeof value["type"] === "string" && value["type"].startsWith("response.")) {
      return readResponses as unknown as typeof readChatCompletions
    }
    if (value["object"] === "text_completion") return readCompletions as unknown as typeof readChatCompletions
    if (value["object"] === "chat.completion.chunk" || Array.isArray(value["choices"])) return readChatCompletions
  }
  return undefined
}

function parsed(data: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(data)) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}

async function checkAnswer(read: typeof readChatCompletions, body: Uint8Array<ArrayBuffer>): Promise<Finding[]> {
  const stream = read([body], { timeouts: false })
  try {
    await stream.collect()
    const { reason } = await stream.ended
    const message = "The answer has its finish reason, but no [DONE]. Some clients wait for it."
    return reason === "finished" ? [{ rule: "end/no-done", message }] : []
  } catch (error) {
    if (error instanceof SseTruncatedError) {
      const message = `The answer is not complete: it ended before ${nameOf(error.missing)}.`
      return [{ rule: "end/incomplete-answer", message }]
    }
    if (error instanceof SseMalformedError) {
      return [{ rule: "end/malformed-json", message: "An event of the answer is not a JSON object, so clients fail." }]
    }
    if (error instanceof SseProviderError) {
      return [{ rule: "end/provider-error", message: "The provider reported an error in the stream." }]
    }
    throw error
  }
}

function nameOf(missing: string): string {
  return missing === "finish_reason" ? "a finish reason" : `"${missing}"`
}
