/*
 * The specified interface over the reconnection loop. Each task of the specification is one task here, and none runs after
 * `close`.
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
 */
import { baseUrl, type EventSink, ReconnectionLoop } from "../reconnection/index.ts"
import { SseResponseError } from "../errors.ts"
import { ignore } from "../internal/cancel.ts"
import { domException } from "../internal/dom-exception.ts"
import { initHandlers } from "./handler-attribute.ts"
import { type EventSourceInit, settingsFor } from "./init.ts"
import { CLOSED, CONNECTING, OPEN } from "./interface-shape.ts"
import { TaskQueue } from "./task-queue.ts"

/** Its stand-in, where the platform has none, allows to import the module. */
const Target: typeof EventTarget = globalThis.EventTarget ?? (missingEventTarget as unknown as typeof EventTarget)

export class EventSource extends Target {
  readonly #url: URL
  readonly #withCredentials: boolean
  readonly #loop: ReconnectionLoop
  readonly #tasks: TaskQueue = new TaskQueue()
  #readyState: number = CONNECTING
  #origin = "null"

  constructor(url: string | URL, init: EventSourceInit | null = {}) {
    if (arguments.length === 0) throw new TypeError("Cannot create EventSource: there must be a URL")
    // Not String(), which takes a symbol.
    const text = `${url as URL}`
    const members = dictionaryOf(init)
    super()
    initHandlers(this)
    this.#url = parseUrl(text)
    this.#withCredentials = Boolean(members.withCredentials)
    const settings = settingsFor(this.#url, members, {
      onOpen: (info) => this.#announceConnection(info.url),
      onRetry: ({ error }) => this.#queueError(CONNECTING, error),
    })
    this.#loop = new ReconnectionLoop(settings, this.#sink(), ignore)
    this.#loop.onConsumer(true)
    // In a task, since functions of the caller may use the source, which no variable holds yet.
    this.#tasks.add(() => this.#loop.start())
  }

  get url(): string {
    return this.#url.href
  }

  get withCredentials(): boolean {
    return this.#withCredentials
  }

  get readyState(): number {
    return this.#readyState
  }

  close(): void {
    this.#readyState = CLOSED
    this.#tasks.clear()
    this.#loop.close()
  }

  #sink(): EventSink {
    return {
      deliver: ({ event: type, data, lastEventId }) => {
        this.#tasks.add(() => this.dispatchEvent(messageEvent(type, { data, lastEventId, origin: this.#origin })))
      },
      moveCursor: ignore,
      room: () => this.#tasks.idle(),
      end: (failure) => this.#queueError(CLOSED, failure?.[0]),
    }
  }

  /** Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#announce-the-connection */
  #announceConnection(url: string | undefined): void {
    this.#tasks.add(() => {
      this.#origin = url ? originOf(url, this.#url) : "null"
      this.#readyState = OPEN
      this.dispatchEvent(new Event("open"))
    })
  }

  /** Spec: #reestablish-the-connection and #fail-the-connection, which differ in the state. */
  #queueError(readyState: number, error: unknown): void {
    this.#tasks.add(() => {
      this.#readyState = readyState
      this.dispatchEvent(errorEvent(error))
    })
  }
}

function missingEventTarget(): never {
  throw new TypeError("Cannot create EventSource: the platform must have EventTarget")
}

function dictionaryOf(init: unknown): EventSourceInit {
  if (init === undefined || init === null) return {}
  if (typeof init === "object" || typeof init === "function") return init
  throw new TypeError("Cannot create EventSource: its init must be an object")
}

function parseUrl(url: string): URL {
  try {
    return new URL(url, baseUrl())
  } catch {
    // Without the URL, which may be secret.
    throw domException("Cannot create EventSource: the URL must be one that can be parsed", "SyntaxError")
  }
}

/** The origin of `url`; a `fetch` of the caller may return a response with any URL, or with none. */
function originOf(url: string, base: URL): string {
  try {
    return new URL(url, base).origin
  } catch {
    return base.origin
  }
}

/** An event with the members of a MessageEvent, which React Native has no class for. */
function messageEvent(type: string, init: MessageEventInit): Event {
  return globalThis.MessageEvent ? new MessageEvent(type, init) : Object.assign(new Event(type), init)
}

function errorEvent(error: unknown): Event {
  const event = new Event("error")
  if (error === undefined) return event
  // A function of the caller may have thrown any value.
  const { message, cause } = Object(error) as Partial<Error>
  const refusal = [error, cause].find((one) => one instanceof SseResponseError)
  const members = { error, message, code: refusal?.status }
  for (const [name, value] of Object.entries(members)) Object.defineProperty(event, name, { value })
  return event
}
