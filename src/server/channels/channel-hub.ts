/* The channels of one node: what is published in them, and who may connect. */
import type { EventEncoder } from "../../contract/index.ts"
import { encodeEvent } from "../../encoder/index.ts"
import type { SseEvent, SseEventInit } from "../../event.ts"
import { ignore } from "../../internal/cancel.ts"
import { checkOptions } from "../../internal/option-checks.ts"
import { END_EVENT, GAP_EVENT } from "../../internal/reserved-events.ts"
import { type ChannelRequest, EventSession, type LogServer, SseSessionError } from "../../session/index.ts"
import { joinCursors, splitCursor, tagOf } from "../delivery/client-cursor.ts"
import { Delivery } from "../delivery/delivery.ts"
import type { LogEntry } from "../delivery/log-entry.ts"
import { type LogPosition, storeText } from "../delivery/log-position.ts"
import { newProducer } from "../delivery/producer.ts"
import { respondWith } from "../delivery/respond.ts"
import type { EventStreamRequest } from "../event-stream-response.ts"
import type { Cursor } from "../store/event-store.ts"
import { SseStoreError } from "../store/store-error.ts"
import { CHANNELS_KINDS, type ChannelsOptions, type ChannelStats, type ConnectOptions } from "./channel-options.ts"
import type { Channels, PublishedEvent } from "./channel-types.ts"
import { checkName, namesOf, readRequest } from "./connection-request.ts"
import { type ChoiceHost, EntryChoice } from "./entry-choice.ts"
import { Turns } from "./turns.ts"

/** A client that may not fall further behind than this is disconnected. */
const MAX_LAG = 1_000

type AnyOptions = ConnectOptions<SseEvent<string, unknown>>

export class ChannelHub
  implements Channels, ChoiceHost, LogServer<string | readonly string[], AnyOptions, ChannelRequest>
{
  readonly #delivery: Delivery
  readonly #events: ChannelsOptions["events"]
  readonly #producer: string
  readonly #turns: Turns = new Turns()
  #appends = 0
  #published = 0

  constructor(options: ChannelsOptions) {
    checkOptions(options, CHANNELS_KINDS)
    this.#delivery = new Delivery(options)
    this.#events = options.events
    this.#producer = newProducer(this.#delivery.clock)
  }

  async publish(name: string, event: SseEventInit): Promise<PublishedEvent> {
    checkName(name)
    if (event?.id !== undefined) throw new TypeError(`Cannot publish event: "id" is set by the channel`)
    const reserved = [GAP_EVENT, END_EVENT].find((own) => own === event?.event)
    if (reserved !== undefined) throw new TypeError(`Cannot publish event: the name ${reserved} is reserved`)
    const text = this.#events === undefined ? encodeEvent(event) : await this.#encode(this.#events, name, event)
    const { store, state } = this.#delivery
    if (state === "closed") {
      throw new SseSessionError("Cannot publish event: the channels have been closed", "session-closed")
    }
    const dedupe = { producer: this.#producer, seq: ++this.#appends }
    const { cursors } = await this.#delivery.watched(store.append(name, [{ text }], { dedupe }))
    const [cursor] = cursors
    // A later event of this node was stored first.
    if (cursor === undefined) throw new SseStoreError("Cannot publish event: the store lost it", "store-unavailable")
    this.#published++
    return { cursor }
  }

  async cursor(given: string | readonly string[]): Promise<Cursor> {
    const names = namesOf(given)
    const pages = await this.#delivery.watched(Promise.all(names.map((name) => this.#delivery.read(name, "end"))))
    return joinCursors(pages.map(({ next }, at) => ({ tag: tagOf(names[at]!), cursor: next })))
  }

  size(name?: string): number {
    const { sessions, readers } = this.#delivery
    return name === undefined ? sessions.size : readers.sessionsOf(name)
  }

  stats(): ChannelStats {
    const lag = [...this.#delivery.sessions].reduce((most, session) => Math.max(most, session.lag), 0)
    return { ...this.#delivery.stats(), published: this.#published, lag }
  }

  respond(request: EventStreamRequest, names: string | readonly string[], options: AnyOptions = {}): Promise<Response> {
    return respondWith<string | readonly string[], AnyOptions, ChannelRequest>(this, request, names, options)
  }

  async closeAll(
    options: { readonly retry?: number | undefined; readonly within?: number | undefined } = {},
  ): Promise<void> {
    await this.#delivery.closeAll(options)
  }

  async drain(options: { readonly within?: number | undefined } = {}): Promise<void> {
    await this.#delivery.drain(options)
  }

  accept(
    cursor: string,
    url: string | undefined,
    names: string | readonly string[],
    options: AnyOptions,
  ): ChannelRequest {
    return readRequest(cursor, url, names, options)
  }

  refusalOf(request: ChannelRequest, { onGap }: AnyOptions): 503 | undefined | Promise<410 | undefined> {
    if (this.#delivery.isFull) return 503
    return onGap === "refuse" && request.cursor !== "" ? this.#gapStatus(request) : undefined
  }

  sessionOf(cursor: string): EventSession {
    return new EventSession(cursor, this.#events, this.#delivery.clock)
  }

  open(session: EventSession, { names, cursor }: ChannelRequest, options: AnyOptions, isShared: boolean): void {
    const { signal, since = "live", onOpen, onGap, slow } = options
    if (signal?.aborted === true) return session.leave(signal.reason)
    const tags = names.map(tagOf)
    const cursors = splitCursor(cursor, tags)
    const logs = names.map((name, at) => {
      const own = cursors[at]
      return { name, tag: tags[at]!, start: own === undefined ? { since } : { cursor: own } }
    })
    const choice = new EntryChoice(session, this, options)
    const rules = {
      hasCursor: !cursors.includes(undefined),
      isShared,
      skipsGaps: onGap === "live",
      maxLag: slow === "disconnect" ? MAX_LAG : Infinity,
      onOpen: onOpen && (() => onOpen(session)),
      isSent: (entry: LogEntry, position: LogPosition) => choice.isSent(entry, position),
      onGap: (position: LogPosition) => choice.onGap(position),
    }
    this.#delivery.open(session, logs, rules, signal)
  }

  report(error: unknown): void {
    this.#delivery.report(error)
  }

  decode(entry: LogEntry): SseEvent<string, unknown> | undefined {
    if (this.#events === undefined) return entry.event
    const event = this.#events.decode(entry.event)
    if (event === undefined || "data" in event) return event
    event.catch(ignore)
    throw new TypeError("Cannot filter event: its schema must not be async")
  }

  /** Encodes an event of a contract; events of one channel keep the order of the calls. */
  async #encode(events: EventEncoder<SseEventInit>, name: string, event: SseEventInit): Promise<string> {
    return encodeEvent(await this.#turns.take(name, events.encodeAsync(event)))
  }

  async #gapStatus({ names, cursor }: ChannelRequest): Promise<410 | undefined> {
    const cursors = splitCursor(cursor, names.map(tagOf))
    const reads = names.flatMap((name, at) => {
      const own = cursors[at]
      return own === undefined ? [] : [this.#delivery.read(name, storeText(own), { maxEvents: 1 })]
    })
    const pages = await this.#delivery.watched(Promise.all(reads))
    return pages.some(({ gap }) => gap !== undefined) ? 410 : undefined
  }
}
