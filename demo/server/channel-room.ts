import type { IncomingMessage, ServerResponse } from "node:http"
import { sendChannels } from "steadystream/node"
import { type Channels, createChannels, type EventStore } from "steadystream/server"
import { RequestError } from "./answer.ts"

const NAME = "ticks"
const MAX_PUBLISHED = 20

/** The ends of the log, as cursors: every event after `first` up to `last` is kept. */
export interface RoomState {
  readonly first: string
  readonly last: string
}

/** The events of a channel that a store of the demo keeps: so few that a reader can come back too late. */
export const KEPT_EVENTS = 12

/** The channel of the fifth panel. */
export class ChannelRoom {
  readonly #store: EventStore
  readonly #node: Channels
  readonly #nextTick: () => Promise<number>

  constructor(store: EventStore, nextTick: () => Promise<number>) {
    this.#store = store
    this.#node = createChannels({ store })
    this.#nextTick = nextTick
  }

  /** Sends the events of the channel until the client leaves or `signal` aborts. */
  connect(req: IncomingMessage, res: ServerResponse, signal: AbortSignal): Promise<void> {
    return sendChannels(this.#node, req, res, NAME, { signal })
  }

  /**
   * Sends the events as another node of the same store does. Why: a node with readers also has the newest 1,000 events in
   * memory, so a client that returns to the same node has no gap here.
   */
  async connectToNewNode(req: IncomingMessage, res: ServerResponse, signal: AbortSignal): Promise<void> {
    const node = createChannels({ store: this.#store })
    try {
      await sendChannels(node, req, res, NAME, { signal })
    } finally {
      await node.closeAll()
    }
  }

  /** @throws RequestError with status 400 if `body` is not a valid command. */
  async publish(body: unknown): Promise<void> {
    const { events } = (body ?? {}) as { events?: unknown }
    if (!Number.isInteger(events) || (events as number) < 1 || (events as number) > MAX_PUBLISHED) {
      throw new RequestError(400, `"events" must be an integer from 1 to ${MAX_PUBLISHED}`, { param: "events" })
    }
    for (let left = events as number; left > 0; left--) {
      await this.#node.publish(NAME, { event: "tick", data: JSON.stringify({ tick: await this.#nextTick() }) })
    }
  }

  async state(): Promise<RoomState> {
    const { state } = await this.#store.read(NAME, "start")
    return { first: state.first, last: state.last }
  }

  /** Stops the timers; the signal of each connection ends the connections. */
  close(): void {
    void this.#node.closeAll()
  }
}
