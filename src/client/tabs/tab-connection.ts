/* The connection of one tab, for all tabs or for what only this one has missed. Nothing follows its `close()`. */
import type { SseEvent } from "../../event.ts"
import type { Failure } from "../../internal/channel.ts"
import { copyOf } from "../../internal/copy.ts"
import {
  ReconnectionLoop,
  type Settings,
  type SubscriptionEnd,
  type SubscriptionState,
} from "../../reconnection/index.ts"
import { copyOfEvent } from "../event-queue.ts"
import type { Place } from "./shared-log.ts"

export interface ConnectionHandlers {
  /** An event, or without one a block that only moved the last event ID. */
  readonly onEvent: (event: SseEvent | undefined, lastEventId: string, isRestart: boolean) => void
  readonly onState: (state: SubscriptionState, retries: number) => void
  readonly onEnd: (ending: SubscriptionEnd, failure: Failure | undefined) => void
  /** Whether more may be read now. */
  readonly hasRoom: () => boolean
}

export class TabConnection {
  readonly #loop: ReconnectionLoop
  readonly #handlers: ConnectionHandlers
  #isClosed = false
  #onRoom: (() => void) | undefined
  #lastEventId: string

  constructor(settings: Settings, { seq, lastEventId }: Place, handlers: ConnectionHandlers) {
    this.#handlers = handlers
    this.#lastEventId = lastEventId
    const sink = {
      deliver: (event: SseEvent, _?: unknown, isRestart = false) => this.#push(event, event.lastEventId, isRestart),
      moveCursor: (id: string) => {
        if (id !== this.#lastEventId) this.#push(undefined, id)
      },
      room: () => this.#room(),
      end: (failure?: Failure) => handlers.onEnd(this.#loop.ending!, failure),
    }
    // Each tab handles the gaps and the signals of its own caller.
    const own = { ...settings, lastEventId, onGap: undefined, signals: [], isContinued: seq > 0 }
    this.#loop = new ReconnectionLoop(own, sink, (state) => {
      if (!this.#isClosed && state !== "closed") handlers.onState(state, this.#loop.retries)
    })
    this.#loop.onConsumer(true)
  }

  start(): void {
    this.#loop.start()
  }

  close(): void {
    this.#isClosed = true
    this.#loop.close()
  }

  /** There may be room again. */
  onConsumer(): void {
    if (this.#onRoom && this.#handlers.hasRoom()) this.#onRoom()
  }

  #push(event: SseEvent | undefined, id: string, isRestart = false): void {
    if (this.#isClosed) return
    const lastEventId = (this.#lastEventId = id === this.#lastEventId ? this.#lastEventId : copyOf(id))
    this.#handlers.onEvent(event && copyOfEvent(event, lastEventId), lastEventId, isRestart)
  }

  #room(): Promise<void> | undefined {
    if (this.#handlers.hasRoom()) return undefined
    this.#loop.onConsumer(false)
    return new Promise((resolve) => {
      this.#onRoom = () => {
        this.#onRoom = undefined
        this.#loop.onConsumer(true)
        resolve()
      }
    })
  }
}
