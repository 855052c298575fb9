import { Recorder, type RecordOptions } from "./recorder.ts"

/**
 * Begins a recording: what passes through the functions that it returns is recorded, with exact bytes, chunk boundaries and
 * times.
 *
 * Secrets are left out: of headers only a list without secrets is recorded, the values of query parameters and the user
 * of a URL are replaced, and bodies of requests are dropped. The bodies of responses are recorded, unless `redact`
 * replaces them.
 *
 * @throws TypeError, RangeError if an option is not valid.
 * @see {@link replay}
 * @example
 * ```ts
 * import { readChatCompletions } from "steadystream/openai"
 * import { formatRecording, record, scriptedFetch } from "steadystream/testing"
 *
 * const recorder = record()
 * const fetch = recorder.fetch(scriptedFetch([{ chunks: ['data: {"choices":[]}\n\n', "data: [DONE]\n\n"] }]))
 * for await (const chunk of readChatCompletions(await fetch("https://example.com/chat?key=secret"))) console.log(chunk)
 * console.log(formatRecording(recorder.recording).includes("secret")) // false
 * ```
 */
export function record(options: RecordOptions = {}): Recorder {
  return new Recorder(options)
}
