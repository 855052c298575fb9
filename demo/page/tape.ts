/* Records the streams of one panel at a time. The other panels use the platform's `fetch` and `subscribe`. */
import { subscribe } from "steadystream/client"
import { record, type Recorder, type Recording } from "steadystream/testing"

/** The ID of a panel whose streams can be recorded. */
export type RecordedPanel = "standard" | "retry" | "chat" | "relay" | "channel" | "durable"

const MAX_BYTES = 4_194_304

class Tape {
  #recorder: Recorder | undefined = undefined
  #panel: RecordedPanel | undefined = undefined

  /** What was recorded since the last start. */
  get recording(): Recording | undefined {
    return this.#recorder?.recording
  }

  /** Records the streams that this panel opens from now on. */
  start(panel: RecordedPanel, onEntry: () => void): void {
    this.#panel = panel
    this.#recorder = record({ maxBytes: MAX_BYTES, onEntry })
  }

  /** Records no further stream. */
  stop(): void {
    this.#panel = undefined
    this.#recorder = undefined
  }

  /** The `fetch` of a panel. */
  fetchOf(panel: RecordedPanel): typeof fetch {
    return panel === this.#panel ? this.#recorder!.fetch() : globalThis.fetch
  }

  /** The `subscribe` of a panel, of which the states and retries are recorded too. */
  subscribeOf(panel: RecordedPanel): typeof subscribe {
    return panel === this.#panel ? this.#recorder!.subscribe : subscribe
  }
}

export const tape: Tape = new Tape()
