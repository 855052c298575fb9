import { closeSync, openSync, writeSync } from "node:fs"
import { formatEntry, formatRecording, type RecordingEntry } from "../testing/index.ts"

/** Writes a recording to a file, which is whole after each entry, however the process ends. */
export class RecordingWriter {
  readonly #onEntry: (entry: RecordingEntry) => void
  #descriptor: number | undefined
  #failure: unknown = undefined
  entries = 0

  constructor(path: string, onEntry: (entry: RecordingEntry) => void) {
    this.#descriptor = openSync(path, "w")
    this.#onEntry = onEntry
    writeSync(this.#descriptor, formatRecording({ version: 1, entries: [] }))
  }

  /** Writes an entry. A failure, such as a full disk, is kept for {@link check}, because this is called inside a stream. */
  add(entry: RecordingEntry): void {
    if (this.#descriptor === undefined || this.#failure !== undefined) return
    try {
      writeSync(this.#descriptor, formatEntry(entry))
      this.entries++
    } catch (error) {
      this.#failure = error
    }
    this.#onEntry(entry)
  }

  /** @throws the error of the entry that could not be written. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}
