import { formatEntry, formatRecording, type RecordingEntry } from "../testing/index.ts"
import type { EntryRedaction } from "./entry-redaction.ts"
import type { RecordingOutput } from "./recording-output.ts"

/** Writes a recording, which is whole after each entry, however the process ends. */
export class RecordingWriter {
  readonly #output: RecordingOutput
  readonly #redaction: EntryRedaction
  #failure: Error | undefined = undefined
  entries = 0

  /** @throws the error of the system if nothing can be written. */
  constructor(output: RecordingOutput, redaction: EntryRedaction) {
    this.#output = output
    this.#redaction = redaction
    output.write(formatRecording({ version: 1, entries: [] }))
  }

  /** Writes an entry. A failure, such as a full disk, is kept for {@link check}, because this is called inside a stream. */
  add(entry: RecordingEntry): void {
    this.#write(this.#redaction.entriesOf(entry))
  }

  /** Makes {@link check} throw. */
  fail(error: Error): void {
    this.#failure ??= error
  }

  /** Resolves when there is room for more. @throws the first failure. */
  async check(): Promise<void> {
    await this.#output.ready()
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Returns whether the recording was written. It was not if no response arrived and the file had a content. */
  close(): boolean {
    this.#write(this.#redaction.rest())
    return this.#output.close()
  }

  #write(entries: Iterable<RecordingEntry>): void {
    if (this.#failure !== undefined) return
    try {
      for (const entry of entries) {
        if (entry.type === "response") this.#output.begin()
        this.#output.write(formatEntry(entry))
        this.entries++
      }
    } catch (error) {
      this.#failure = error as Error
    }
  }
}
