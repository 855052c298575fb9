import type { EventDecoder, EventEncoder } from "../../contract/index.ts"
import type { SseEvent, SseEventInit } from "../../event.ts"
import type { Clock } from "../../internal/clock.ts"
import { CLOCK, type OptionKinds } from "../../internal/option-checks.ts"
import type { Session } from "../../session/index.ts"
import type { EventStore, GapReason } from "../store/event-store.ts"

/** What a contract is for channels: both of its halves, as `defineEvents` returns it. */
export interface ChannelContract<Written, Event extends SseEvent<string, unknown>>
  extends EventEncoder<Written>, Pick<EventDecoder<Event>, "decode"> {}

/** What {@link Channels.publish} does not take: the ID of an event is its place in the log of the channel. */
export interface WithoutId {
  /** Set by the channel. */
  readonly id?: undefined
}

/** An event to publish. */
export type ChannelEventInit<Written = SseEventInit> = Written & WithoutId

/** Options of {@link createChannels}. */
export interface ChannelsOptions<Written = SseEventInit, Event extends SseEvent<string, unknown> = SseEvent> {
  /** The contract of all channels, made by `defineEvents`: published events are validated, and filters see their data. */
  readonly events?: ChannelContract<Written, Event> | undefined
  /**
   * Keeps the events for clients that reconnect. While a channel has sessions, this process also keeps the newest events of
   * it in memory, up to about 2,000 events or 2 MiB: a client that comes back gets them even if the store has dropped them.
   * @defaultValue `memoryStore()`
   */
  readonly store?: EventStore | undefined
  /**
   * The longest silence in milliseconds, after which a comment is sent; 0 and Infinity turn this off. One timer serves all
   * sessions.
   * @defaultValue `8_000`
   */
  readonly keepAlive?: number | undefined
  /**
   * Milliseconds after which a connection ends cleanly, each up to 10 % earlier or later, so that no proxy cuts it in the
   * middle; the client reconnects. 0 and Infinity turn this off.
   * @defaultValue off
   */
  readonly maxDuration?: number | undefined
  /**
   * Milliseconds after which a connection that takes none of the bytes offered to it is broken; 0 and Infinity turn this
   * off.
   * @defaultValue `30_000`
   */
  readonly writeTimeout?: number | undefined
  /**
   * The number of sessions; a client above it is answered 503 with Retry-After.
   * @defaultValue `20_000`
   */
  readonly maxSessions?: number | undefined
  /** The clock of all times. */
  readonly clock?: Clock | undefined
  /**
   * Called with what a filter or another function of the caller throws, and with each failure of the store.
   * @defaultValue reports to `globalThis.reportError`, else to `console.error`
   */
  readonly onError?: ((error: unknown) => void) | undefined
}

export const CHANNELS_KINDS: OptionKinds<ChannelsOptions> = {
  events: "a contract, with encodeAsync()",
  store: "a store, with claim()",
  keepAlive: true,
  maxDuration: true,
  writeTimeout: true,
  maxSessions: true,
  clock: CLOCK,
  onError: "a function",
}

/** What a slow client gets of the events that it is behind. */
export interface Coalescing<Event extends SseEvent<string, unknown> = SseEvent> {
  /** Returns the key of an event; only the last event with each key goes out. */
  readonly coalesce: (event: Event) => string
}

/** Options of a connection to channels. */
export interface ConnectOptions<Event extends SseEvent<string, unknown> = SseEvent, Written = SseEventInit> {
  /**
   * Whether an event goes to this session. It must be quick: it is called for each event and session.
   * @defaultValue every event
   */
  readonly filter?: ((event: Event, session: Session<Written>) => boolean) | undefined
  /**
   * Where a client without a cursor starts: at what comes next, at the oldest event that is kept, or that many events back.
   * @defaultValue `"live"`
   */
  readonly since?: "live" | "start" | number | undefined
  /**
   * What a client gets whose cursor is not one of the log, or whose next event is no longer kept: the gap event and then
   * the oldest events that are kept, the gap event and then what comes next, or, at the start of the connection, the
   * status 410.
   * @defaultValue `"replay"`
   */
  readonly onGap?: "replay" | "live" | "refuse" | undefined
  /**
   * What happens with a client that is slower than its channels: it reads on at its own pace; of what it is behind, only the
   * last event with each key goes out; or it is disconnected once it is 1,000 events behind.
   * @defaultValue `"catch-up"`
   */
  readonly slow?: "catch-up" | "disconnect" | Coalescing<Event> | undefined
  /** Called with the session when it opens, before any event: it may send events of its own, which have no ID. */
  readonly onOpen?: ((session: Session<Written>) => void) | undefined
  /** Headers to add; they replace the defaults, but `no-transform` stays in `cache-control`. */
  readonly headers?: RequestInit["headers"]
  /** An abort breaks the connection. */
  readonly signal?: AbortSignal | undefined
}

/** A count of what channels do, for metrics. Counts are from the start of the process. */
export interface ChannelStats {
  /** The sessions now. */
  readonly sessions: number
  /** Those of them for which events wait. */
  readonly behind: number
  /** The events that this process published. */
  readonly published: number
  /** The events that sessions got, replayed ones included. */
  readonly delivered: number
  /** The events that sessions got from the store, or because they came back with a cursor. */
  readonly replayed: number
  /** The gaps by reason. */
  readonly gaps: Readonly<Record<GapReason, number>>
  /** The sessions that were broken because they were too slow. */
  readonly droppedSlow: number
  /** The failures of the store. */
  readonly storeErrors: number
  /** The number of events that the slowest session is behind. */
  readonly lag: number
}
