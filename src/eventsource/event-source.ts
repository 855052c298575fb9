/* The public types of the class; its behaviour is in `specified-event-source.ts`. */
import type { EventSourceInit } from "./init.ts"
import { shapeInterface } from "./interface-shape.ts"
import { EventSource as SpecifiedEventSource } from "./specified-event-source.ts"

/**
 * An `error` event with its cause, which the specification leaves out. An event that the server named `error` is a
 * MessageEvent without these members.
 */
export interface EventSourceErrorEvent extends Event {
  /** The failure, an {@link SseError} unless it is misuse; `undefined` if the server ended the stream with 204. */
  readonly error?: unknown
  /** Its message. */
  readonly message?: string | undefined
  /** The HTTP status, if the response was refused. */
  readonly code?: number | undefined
}

/** The events that an {@link EventSource} dispatches. */
export interface EventSourceEventMap {
  /** A connection is open. */
  open: Event
  /** The server sent an event without a name. */
  message: MessageEvent
  /** The connection was lost or refused; `readyState` shows whether it reconnects. */
  error: EventSourceErrorEvent
}

/**
 * A drop-in replacement for the platform's `EventSource`, in any runtime, with headers, methods and limits.
 *
 * It connects when it is created, reconnects until it is closed, and closes itself if the server refuses.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
 * @example
 * ```ts
 * import { EventSource } from "steadystream/eventsource"
 *
 * const source = new EventSource("https://example.com/stream", { headers: { authorization: "Bearer token" } })
 * source.onmessage = (event) => {
 *   console.log(event.data)
 *   source.close()
 * }
 * ```
 */
export interface EventSource extends EventTarget {
  /** `readyState` while it connects or waits to reconnect. */
  readonly CONNECTING: 0
  /** `readyState` while a connection is open. */
  readonly OPEN: 1
  /** `readyState` after it has closed. */
  readonly CLOSED: 2
  /** The URL, absolute; redirects do not change it. */
  readonly url: string
  /** Whether credentials are sent to another origin. */
  readonly withCredentials: boolean
  /** `CONNECTING`, `OPEN` or `CLOSED`. */
  readonly readyState: number
  /** Called when a connection is open. */
  onopen: ((this: EventSource, event: Event) => unknown) | null
  /** Called with each event that has no name. */
  onmessage: ((this: EventSource, event: MessageEvent) => unknown) | null
  /** Called when a connection is lost or refused. */
  onerror: ((this: EventSource, event: EventSourceErrorEvent) => unknown) | null
  /** Ends the connection for good: nothing is fired or asked for any more, not even what has come. */
  close(): void
  /** Calls `listener` with each event of that name. */
  addEventListener<Type extends keyof EventSourceEventMap>(
    type: Type,
    listener: (this: EventSource, event: EventSourceEventMap[Type]) => unknown,
    options?: Parameters<EventTarget["addEventListener"]>[2],
  ): void
  addEventListener(
    type: string,
    listener: (this: EventSource, event: MessageEvent) => unknown,
    options?: Parameters<EventTarget["addEventListener"]>[2],
  ): void
  addEventListener(
    type: string,
    listener: Parameters<EventTarget["addEventListener"]>[1],
    options?: Parameters<EventTarget["addEventListener"]>[2],
  ): void
  /** Calls `listener` no more. */
  removeEventListener<Type extends keyof EventSourceEventMap>(
    type: Type,
    listener: (this: EventSource, event: EventSourceEventMap[Type]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void
  removeEventListener(
    type: string,
    listener: (this: EventSource, event: MessageEvent) => unknown,
    options?: boolean | EventListenerOptions,
  ): void
  removeEventListener(
    type: string,
    listener: Parameters<EventTarget["addEventListener"]>[1],
    options?: boolean | EventListenerOptions,
  ): void
}

/** What makes an {@link EventSource}; it can stand for the platform's own. */
export interface EventSourceConstructor {
  /**
   * Connects to `url`, which is resolved against the page or the worker, if there is one.
   *
   * @throws DOMException named `SyntaxError` if the URL cannot be parsed. A URL that cannot be fetched is an `error` event.
   * @throws TypeError, RangeError if a member of `init` is not valid.
   */
  new (url: string | URL, init?: EventSourceInit): EventSource
  /** What its instances inherit. */
  readonly prototype: EventSource
  /** 0 */
  readonly CONNECTING: 0
  /** 1 */
  readonly OPEN: 1
  /** 2 */
  readonly CLOSED: 2
}

/** The class of {@link EventSource}, which can stand for the platform's own. */
export const EventSource: EventSourceConstructor = shapeInterface(
  SpecifiedEventSource,
) as unknown as EventSourceConstructor
