import type { EventEncoder } from "../../contract/index.ts"
import type { SseEventInit } from "../../event.ts"
import type { Clock } from "../../internal/clock.ts"
import { CLOCK, ENCODER, type OptionKinds, SIGNAL } from "../../internal/option-checks.ts"
import type { EventStore, GapReason } from "../store/event-store.ts"
import type { AnswerState } from "./answer-types.ts"

/** The end of an answer that is not whole. */
export interface AnswerEnd {
  /** The ID of the answer. */
  readonly id: string
  /** How it ended, as in {@link AnswerState}. */
  readonly status: "failed" | "cancelled" | "lost"
  /** The reason of the cancel, or the code of the error. */
  readonly detail?: string | undefined
}

/** Options of {@link createAnswers}. Times are in milliseconds. */
export interface AnswersOptions<Written = SseEventInit> {
  /** The contract of the events of a source, made by `defineEvents`; sources of text and bytes are not checked. */
  readonly events?: EventEncoder<Written> | undefined
  /**
   * Keeps the answers. With a store that several processes share, any of them can serve, cancel and take over an answer.
   * @defaultValue `memoryStore()`
   */
  readonly store?: EventStore | undefined
  /**
   * Called with a promise that resolves when this node produces nothing more of an answer, for platforms that stop a process
   * after its response.
   * @defaultValue nothing
   */
  readonly waitUntil?: ((ended: Promise<unknown>) => void) | undefined
  /**
   * The time after which an answer is lost if its producer does not renew it. It does so after each third of it.
   * @defaultValue `30_000`
   */
  readonly lease?: number | undefined
  /**
   * How long an answer is kept after its last event; at least `lease`, so that a running answer is kept.
   * @defaultValue `3_600_000`
   */
  readonly ttl?: number | undefined
  /**
   * The time without a reader on any node after which an answer is cancelled, to save what its tokens cost.
   * @defaultValue `Infinity`
   */
  readonly abandonAfter?: number | undefined
  /**
   * The least time between two appends of an answer; what comes in between is stored together. The end, more than 1,000
   * events or 256 KiB, and a third of `lease` do not wait longer.
   * @defaultValue `appendInterval` of the store, else 0
   */
  readonly minInterval?: number | undefined
  /**
   * The size of an answer in bytes of UTF-8; above it the answer fails.
   * @defaultValue `16_777_216`
   */
  readonly limit?: number | undefined
  /**
   * The longest silence of a connection, after which a comment is sent; 0 and Infinity turn this off.
   * @defaultValue `8_000`
   */
  readonly keepAlive?: number | undefined
  /**
   * The time after which a connection that takes none of the bytes offered to it is broken; 0 and Infinity turn this off.
   * @defaultValue `30_000`
   */
  readonly writeTimeout?: number | undefined
  /**
   * The number of sessions; a client above it is answered 503 with Retry-After.
   * @defaultValue `20_000`
   */
  readonly maxSessions?: number | undefined
  /**
   * Returns the last event of an answer that is not whole, for the readers of another protocol; only its `event` and `data`
   * are sent. Use the same function on each node: each node sends what its own returns.
   * @defaultValue the error event of the dialect of OpenAI, in other answers `steadystream.end`; also for `undefined`
   */
  readonly endEvent?: ((end: AnswerEnd) => SseEventInit | undefined) | undefined
  /** Called with the ID of an answer when a session of this node finds that it is lost; it may start it again. */
  readonly onLost?: ((id: string) => void) | undefined
  /** The clock of all times. */
  readonly clock?: Clock | undefined
  /**
   * Called with the error of each source that throws, and with each failure of the store. A `relay()` does not throw: it
   * reports to its own `onError`. An error event inside a stream of text or bytes is not reported.
   * @defaultValue reports to `globalThis.reportError`, else to `console.error`
   */
  readonly onError?: ((error: unknown) => void) | undefined
}

export const ANSWERS_KINDS: OptionKinds<AnswersOptions> = {
  events: ENCODER,
  store: "a store, with claim()",
  waitUntil: "a function",
  lease: true,
  ttl: true,
  abandonAfter: true,
  minInterval: true,
  limit: true,
  keepAlive: true,
  writeTimeout: true,
  maxSessions: true,
  endEvent: "a function",
  onLost: "a function",
  clock: CLOCK,
  onError: "a function",
}

/** Options of {@link Answers.start}. */
export interface StartOptions {
  /**
   * Whether an answer that runs or has ended is produced from here on. Its earlier producer can store nothing more, and
   * `make` gets what is stored. After a failure, start another answer: readers stop at the error event of this one.
   * @defaultValue `false`
   */
  readonly takeOver?: boolean | undefined
}

export const START_KINDS: OptionKinds<StartOptions> = { takeOver: "a boolean" }

/** Options of {@link Answers.respond}. */
export interface AnswerConnectOptions {
  /**
   * The status for a client without a cursor after the end of the answer: 200 sends all of it, 204 nothing.
   * @defaultValue `200`
   */
  readonly ended?: 200 | 204 | undefined
  /** Headers to add; they replace the defaults, but `no-transform` stays in `cache-control`. */
  readonly headers?: RequestInit["headers"]
  /** An abort breaks the connection; the answer goes on. */
  readonly signal?: AbortSignal | undefined
}

export const CONNECT_KINDS: OptionKinds<AnswerConnectOptions> = { ended: true, headers: true, signal: SIGNAL }

/** A count of what answers do on this node, for metrics. Counts are from the start of the process. */
export interface AnswerStats {
  /** The answers that this node produces now. */
  readonly running: number
  /** The sessions now. */
  readonly sessions: number
  /** Those of them for which events wait. */
  readonly behind: number
  /** The answers that this node began to produce. */
  readonly started: number
  /** How those of them ended that have ended. */
  readonly ended: Readonly<Record<Exclude<AnswerState["status"], "running">, number>>
  /** The events that this node stored. */
  readonly stored: number
  /** The appends that stored them. */
  readonly appends: number
  /** The events that sessions got. */
  readonly delivered: number
  /** The events that sessions got from the store, or because they came back with a cursor. */
  readonly replayed: number
  /** The gaps by reason. */
  readonly gaps: Readonly<Record<GapReason, number>>
  /** The sessions that were broken because they were too slow. */
  readonly droppedSlow: number
  /** The failures of the store. */
  readonly storeErrors: number
}
