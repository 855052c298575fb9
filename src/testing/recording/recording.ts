/** The parts of every entry of a {@link Recording}. */
interface EntryBase {
  /** Milliseconds since the start of the recording, with three decimals at most. */
  readonly at: number
}

/** The parts of an entry that belongs to one request. */
interface ExchangeEntry extends EntryBase {
  /** The number of the request in the recording, from 0. */
  readonly request: number
}

/** A request was made. */
export interface RequestEntry extends ExchangeEntry {
  /** What it is. */
  readonly type: "request"
  /** The method, in upper case. */
  readonly method: string
  /** The URL, of which the values of most query parameters are replaced by `REDACTED`. */
  readonly url: string
  /** The headers of the allow-list, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, only if the option `bodies` is set and the body is text. `redact` is called with it. */
  readonly body?: string | undefined
}

/** The head of a response arrived. */
export interface ResponseEntry extends ExchangeEntry {
  /** What it is. */
  readonly type: "response"
  /** The status. */
  readonly status: number
  /** The headers of the allow-list, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** A chunk of the body arrived, exactly as the transport cut it. */
export interface ChunkEntry extends ExchangeEntry {
  /** What it is. */
  readonly type: "chunk"
  /** The bytes, or those that `redact` returned in their place. They may share a buffer with other chunks. */
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** The body ended cleanly. */
export interface EndEntry extends ExchangeEntry {
  /** What it is. */
  readonly type: "end"
}

/** The request failed, or its body broke. */
export interface ErrorEntry extends ExchangeEntry {
  /** What it is. */
  readonly type: "error"
  /** The name of the error, such as `TypeError`. Its message may hold an address and is not recorded. */
  readonly name: string
  /** The code of the error or of its cause, such as `ECONNRESET`. */
  readonly code?: string | undefined
}

/** The reader stopped before the end: it cancelled the body, or aborted the request. */
export interface CancelEntry extends ExchangeEntry {
  /** What it is. */
  readonly type: "cancel"
}

/** The parts of an entry that belongs to a subscription. */
interface SubscriptionEntry extends EntryBase {
  /**
   * The number of the subscription in the recording, from 0.
   * @defaultValue `0`
   */
  readonly subscription?: number | undefined
}

/** A subscription changed its state. */
export interface StateEntry extends SubscriptionEntry {
  /** What it is. */
  readonly type: "state"
  /** The new state. */
  readonly state: "connecting" | "open" | "waiting" | "closed"
}

/** An attempt of a subscription failed and will be retried. */
export interface RetryEntry extends SubscriptionEntry {
  /** What it is. */
  readonly type: "retry"
  /** The failures in a row. */
  readonly attempt: number
  /** The delay before the next attempt, in milliseconds. */
  readonly delay: number
  /** The class of the error. */
  readonly name: string
  /** Its code. */
  readonly code: string
  /** The deadline that has passed, if it is a timeout. */
  readonly phase?: string | undefined
}

/** A subscription ended with an error. */
export interface FailureEntry extends SubscriptionEntry {
  /** What it is. */
  readonly type: "failure"
  /** The class of the error. */
  readonly name: string
  /** Its code, if it has one. */
  readonly code?: string | undefined
  /** The deadline that has passed, if it is a timeout. */
  readonly phase?: string | undefined
}

/** The recording reached `maxBytes`. Nothing more was recorded. */
export interface LimitEntry extends EntryBase {
  /** What it is. */
  readonly type: "limit"
}

/** One line of a recording after its first. */
export type RecordingEntry =
  | RequestEntry
  | ResponseEntry
  | ChunkEntry
  | EndEntry
  | ErrorEntry
  | CancelEntry
  | StateEntry
  | RetryEntry
  | FailureEntry
  | LimitEntry

/** What happened on the wire, in order. */
export interface Recording {
  /** The version of the format. */
  readonly version: 1
  /** What happened, in the order in which it happened. */
  readonly entries: readonly RecordingEntry[]
}
