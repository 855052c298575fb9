/** Counts what a stream brings, and describes it. */
export class Progress {
  readonly #start: number = performance.now()
  events = 0
  bytes = 0

  get seconds(): number {
    return (performance.now() - this.#start) / 1_000
  }

  /** Such as `12 events, 3.4/s, 1.2 kB, 5 s`. */
  line(): string {
    const { seconds } = this
    return `${count(this.events, "event")}, ${(this.events / seconds).toFixed(1)}/s, ${size(this.bytes)}, ${seconds.toFixed(0)} s`
  }

  /** Such as `12 events, 1.2 kB in 5.2 s`. */
  summary(): string {
    return `${count(this.events, "event")}, ${size(this.bytes)} in ${this.seconds.toFixed(1)} s`
  }
}

/** Such as `1 event` and `2 events`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`
}

/** A number of bytes, as text. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
