/*
 * The entries of a recording in memory, which is bounded. A chunk is copied once, because its reader may overwrite it, and
 * small chunks share a buffer.
 */
import type { Clock } from "../../internal/clock.ts"
import { callHook } from "../../internal/hook.ts"
import type { RecordingEntry } from "./recording.ts"

/** An entry without its time. */
export type Entry = RecordingEntry extends infer One ? (One extends RecordingEntry ? Omit<One, "at"> : never) : never

/** What an entry counts beside its chunk: about the memory that it takes. */
const ENTRY_BYTES = 100

/** Chunks of at most this size share a buffer. Measured: a buffer of its own costs a small chunk more than its copy. */
const SMALL_CHUNK = 4_096
const SMALLEST_BUFFER = 4_096
const LARGEST_BUFFER = 65_536

export class EntryLog {
  readonly #clock: Clock
  readonly #start: number
  readonly #maxBytes: number
  readonly #onEntry: ((entry: RecordingEntry) => void) | undefined
  readonly #entries: RecordingEntry[] = []
  #bytes = 0
  #isFull = false
  #buffer = new Uint8Array(0)
  #used = 0

  constructor(clock: Clock, maxBytes: number, onEntry: ((entry: RecordingEntry) => void) | undefined) {
    this.#clock = clock
    this.#start = clock.now()
    this.#maxBytes = maxBytes
    this.#onEntry = onEntry
  }

  get entries(): readonly RecordingEntry[] {
    return [...this.#entries]
  }

  add(entry: Entry): void {
    if (this.#hasRoom(0)) this.#push({ at: this.#now(), ...entry })
  }

  addChunk(request: number, bytes: Uint8Array): void {
    if (!this.#hasRoom(bytes.length)) return
    let copy: Uint8Array<ArrayBuffer>
    try {
      copy = this.#copy(bytes)
    } catch {
      // The platform has no more memory, which must not fail the stream.
      return this.#stop()
    }
    this.#push({ at: this.#now(), type: "chunk", request, bytes: copy })
  }

  #push(entry: RecordingEntry): void {
    this.#entries.push(entry)
    if (this.#onEntry !== undefined) callHook(this.#onEntry, entry)
  }

  #hasRoom(bytes: number): boolean {
    if (this.#isFull) return false
    this.#bytes += bytes + ENTRY_BYTES
    if (this.#bytes <= this.#maxBytes) return true
    this.#stop()
    return false
  }

  #stop(): void {
    this.#isFull = true
    this.#push({ at: this.#now(), type: "limit" })
  }

  #now(): number {
    return Math.round((this.#clock.now() - this.#start) * 1_000) / 1_000
  }

  #copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const { length } = bytes
    if (length > SMALL_CHUNK) return new Uint8Array(bytes)
    if (this.#used + length > this.#buffer.length) {
      const size = Math.min(Math.max(SMALLEST_BUFFER, this.#buffer.length * 2), LARGEST_BUFFER)
      this.#buffer = new Uint8Array(size)
      this.#used = 0
    }
    const copy = this.#buffer.subarray(this.#used, (this.#used += length))
    copy.set(bytes)
    return copy
  }
}
