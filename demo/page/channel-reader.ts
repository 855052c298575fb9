import type { SseError } from "steadystream"
import { subscribe, type GapInfo, type Subscription } from "steadystream/client"
import { type ChannelLog, numberOf } from "./channel-log.ts"
import { find, setFact, setOutcome, setState } from "./dom.ts"
import { COLUMNS_WITHOUT_ID, EventLog } from "./event-log.ts"
import { tape } from "./tape.ts"

/** How a reader of the channel differs from the others. */
export interface ReaderSettings {
  readonly url: string
  /** Milliseconds that the consumer waits after each event. */
  readonly pause?: number
  /** Called after each event that the consumer took. */
  readonly onTake?: (position: number) => void
  /** Called when a connection has opened. */
  readonly onOpen?: () => void
  /** Called with a gap before the events after it. */
  readonly onGap?: (gap: GapInfo) => void
}

/** A reader of the channel. Its position is the last event that its consumer took. */
export class ChannelReader {
  readonly root: HTMLElement
  readonly events: EventLog
  /** The cursor of the last event that the consumer took. */
  cursor = ""
  readonly #log: ChannelLog
  readonly #settings: ReaderSettings
  #subscription: Subscription | undefined = undefined
  #taken = 0

  constructor(root: HTMLElement, log: ChannelLog, settings: ReaderSettings) {
    this.root = root
    this.#log = log
    this.#settings = settings
    this.events = new EventLog(find(root, ".log"), COLUMNS_WITHOUT_ID)
  }

  get position(): number {
    return numberOf(this.cursor)
  }

  /** Begins anew after `cursor`. */
  begin(cursor: string): void {
    this.#taken = 0
    this.events.clear()
    setFact(this.root, "taken", "0")
    this.#moveTo(cursor)
    this.connect()
  }

  /** Continues after the last event that was taken. */
  connect(): void {
    const subscription: Subscription = subscribe(this.#settings.url, {
      // Not its states: those of three readers would be one lane.
      fetch: tape.fetchOf("channel"),
      lastEventId: this.cursor,
      retry: { maxRetries: 3 },
      onStateChange: (state) => {
        if (state !== "closed" && subscription === this.#subscription) setState(this.root, state)
      },
      onOpen: () => this.#settings.onOpen?.(),
      onGap: (gap) => this.#skip(gap),
    })
    this.#subscription = subscription
    setState(this.root, "connecting")
    void this.#read(subscription)
  }

  /** Closes the connection and keeps the cursor. */
  leave(label: string): void {
    const isFailed = this.root.dataset["state"] === "failed"
    this.#subscription?.close()
    this.#subscription = undefined
    if (!isFailed) setState(this.root, "closed", label)
  }

  /** Shows the number of events after the reader's position. */
  showLag(): void {
    setFact(this.root, "behind", String(Math.max(0, this.#log.last - this.position)))
  }

  async #read(subscription: Subscription): Promise<void> {
    const { pause = 0, onTake } = this.#settings
    try {
      for await (const { event, data, lastEventId } of subscription) {
        this.events.add({ event, data })
        setFact(this.root, "taken", String(++this.#taken))
        this.#moveTo(lastEventId)
        onTake?.(this.position)
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
      }
    } catch (error) {
      // The user may have started another run meanwhile.
      if (subscription !== this.#subscription) return
      setState(this.root, "failed")
      setOutcome(this.root, `Failed: ${(error as SseError).message}.`, "bad")
    }
  }

  #skip(gap: GapInfo): void {
    this.events.note("gap", `${gap.reason}: resumes after ${numberOf(gap.resumesAt ?? "")}`)
    this.#moveTo(gap.resumesAt ?? "")
    this.#settings.onGap?.(gap)
  }

  #moveTo(cursor: string): void {
    this.cursor = cursor
    setFact(this.root, "position", String(this.position))
    this.#log.place(this.root.id.at(-1)!, this.position)
    this.showLag()
  }
}
