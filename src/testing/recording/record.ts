import { type Recorder, type RecordOptions, StreamRecorder } from "./recorder.ts"

/**
 * Begins a recording: the returned functions record the streams that pass through them, with exact bytes, chunk boundaries
 * and times.
 *
 * Secrets are left out: only headers of a list without secrets are recorded, the values of query parameters are
 * replaced, and the user, the password and the fragment of a URL and the bodies of requests are dropped. The path of a URL
 * and the bodies of responses are recorded; `redact` can replace the bodies.
 *
 * @throws TypeError, RangeError if an option is not valid.
 * @see {@link replay}
 * @example
 * ```ts
 * import { readEvents } from "steadystream"
 * import { formatRecording, record, scriptedFetch } from "steadystream/testing"
 *
 * const recorder = record()
 * const fetch = recorder.fetch(scriptedFetch([{ chunks: ["data: a\n\n", "data: b\n\n"] }]))
 * for await (const { data } of readEvents(await fetch("https://example.com/?key=secret"))) console.log(data) // a, b
 * console.log(formatRecording(recorder.recording).includes("secret")) // false
 * ```
 */
export function record(options: RecordOptions = {}): Recorder {
  return new StreamRecorder(options)
}
