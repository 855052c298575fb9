/*
 * Law: what the events of one stream mean: chunks, heartbeats, errors and the end, and whether the answer is whole.
 * No time and no I/O: events go in one by one, chunks come out, and `verdict` says how the stream ended once it has.
 */
import type { SseEvent } from "../event.ts"
import {
  type ProviderErrorBody,
  type SseError,
  SseMalformedError,
  type SseProviderError,
  SseTruncatedError,
} from "../errors.ts"
import type { ChunkAccumulator, ResolvedLimits, ChunkProtocol } from "./chunk-protocol.ts"
import type { EndReason, Heartbeat, ReadChunksOptions } from "./chunk-stream.ts"
import { Hooks } from "./hooks.ts"
import { providerError, providerErrorOf } from "./provider-error.ts"
import { errorInLine, StrayText } from "./stray-text.ts"

const PREVIEW = 200

// How many spaces around the end mark are put up with.
const MARK_SPACES = 8

/** How a stream ended by what it said. */
export interface Verdict {
  readonly reason: Exclude<EndReason, "cancelled">
  readonly error?: SseError
}

export class Answer<T, S> {
  readonly #protocol: ChunkProtocol<T, S>
  readonly #options: ReadChunksOptions
  readonly #sentinel: string | undefined
  /** The length up to which data may be no payload. */
  readonly #maxMark: number
  readonly #stray: StrayText = new StrayText()
  readonly #hooks: Hooks
  #payloads = 0
  readonly accumulator: ChunkAccumulator<T, S>
  /** Whether any of the next three has been set since somebody looked. */
  hasNews = false
  /** Set once the stream is over. */
  verdict: Verdict | undefined = undefined
  /** The events of one that turned out to be several; they come before whatever else waits. */
  glued: SseEvent[] | undefined = undefined
  /** The provider's error, once it has come and while the terminal chunk is waited for. */
  failure: SseProviderError | undefined = undefined
  /** The body's type as its headers name it. */
  contentType: string | null = null
  sawDone = false

  constructor(protocol: ChunkProtocol<T, S>, options: ReadChunksOptions, limits: ResolvedLimits) {
    this.#protocol = protocol
    this.#options = options
    this.#hooks = new Hooks(options.onHandlerError)
    this.#sentinel = protocol.sentinel
    this.#maxMark = (protocol.sentinel?.length ?? 0) + MARK_SPACES
    this.accumulator = protocol.accumulate(limits)
  }

  /** Takes an event and gives its chunk, if it has one for the consumer. */
  accept(event: SseEvent): T | undefined {
    const { data } = event
    if (data.length <= this.#maxMark && this.#acceptMark(data)) return undefined
    let json: unknown
    try {
      json = JSON.parse(data)
    } catch (error) {
      return this.#acceptMalformed(event, error as SyntaxError)
    }
    if (isObject(json)) return this.#acceptPayload(json, event)
    return this.#acceptMalformed(event, new SyntaxError("The data must be a JSON object"))
  }

  /** Whether `data` is no payload: empty, or the end mark. */
  #acceptMark(data: string): boolean {
    const isMark = this.#isMark(data)
    if (isMark) this.#endAtSentinel()
    else if (data === "") this.#beat("empty", "")
    return isMark || data === ""
  }

  /** Takes a line that is in no field, and gives the event that it should have been. */
  acceptLine(line: string): SseEvent | undefined {
    const data = errorInLine(line)
    if (data !== undefined) return eventOf("error", data)
    if (this.#payloads > 0) return undefined
    this.#stray.push(line)
    if (this.#stray.isHopeless) this.#endAsNoStream()
    return undefined
  }

  /** What an event that a clean end of the body cut off is: all there, only the end mark, or a loss. */
  lastEvent({ data }: SseEvent): "whole" | "mark" | "lost" {
    if (this.#isPayload(data) || data.split("\n").every((line) => this.#isPayload(line))) return "whole"
    return this.#sentinel?.startsWith(data.trim()) === true ? "mark" : "lost"
  }

  /** The body ended cleanly; `lost` says that it did so inside an event. */
  end(lost: boolean): void {
    if (this.failure !== undefined) return this.#fail(this.failure)
    if (this.#payloads === 0 && !this.#stray.isEmpty) return this.#endAsNoStream()
    const { completion } = this.#options
    const strict = completion === "strict" && this.#sentinel !== undefined
    const missing = this.accumulator.missing(false) ?? (strict || lost ? "done" : null)
    if (missing === null) this.#succeed("finished")
    else if (completion === "lenient" && !lost) this.#succeed("eof")
    else this.#endTruncated(missing)
  }

  /** Tells the consumer of a heartbeat. */
  #beat(kind: Heartbeat["kind"], text: string): undefined {
    this.#hooks.call(this.#options.onHeartbeat, { kind, text })
  }

  readonly onComment = (text: string): void => this.#beat("comment", text)

  #acceptPayload(json: object, event: SseEvent): T | undefined {
    this.#payloads++
    const protocol = this.#protocol
    const error = protocol.error === undefined ? providerErrorOf(json, event.event) : protocol.error(json, event.event)
    const chunk = protocol.decode === undefined ? (json as T) : protocol.decode(json, event.event, event.data)
    if (chunk !== null) this.accumulator.push(chunk)
    if (error !== null && this.#options.onProviderError !== "yield") this.#acceptError(error, json)
    if (chunk === null) return error === null ? this.#acceptHeartbeat(json, event.data) : undefined
    if (protocol.isTerminal?.(chunk) === true) {
      if (this.failure === undefined) this.#succeed("terminal")
      else this.#fail(this.failure)
    }
    return this.failure === undefined && protocol.isReplayed?.(chunk) !== true ? chunk : undefined
  }

  #acceptHeartbeat(json: object, data: string): undefined {
    this.accumulator.pushHeartbeat?.(json)
    this.#beat("event", data)
  }

  #acceptError(error: ProviderErrorBody, json: object): void {
    this.failure ??= providerError(this.#protocol.name, error, json)
    this.hasNews = true
    if (this.#protocol.errorGrace === undefined) this.#fail(this.failure)
  }

  #endAtSentinel(): void {
    this.sawDone = true
    if (this.failure !== undefined) return this.#fail(this.failure)
    const { completion } = this.#options
    const missing = completion === "lenient" ? null : this.accumulator.missing(completion !== "strict")
    if (missing === null) this.#succeed("done")
    else this.#endTruncated(missing)
  }

  #acceptMalformed(given: SseEvent, error: SyntaxError): T | undefined {
    const { event, data } = given
    // Servers that think of the standard first send an error's text as it is.
    if (event === "error") return this.#acceptPayload({ error: data }, given)
    const lines = data.split("\n")
    if (lines.length > 1 && lines.every((line) => this.#isPayload(line))) {
      this.glued = lines.map((line) => eventOf(event, line))
      this.hasNews = true
      return undefined
    }
    const index = this.#payloads
    const { onMalformed = "throw" } = this.#options
    const decision = typeof onMalformed === "function" ? onMalformed({ data, index, error }) : onMalformed
    if (decision === "skip") return undefined
    const message = `Cannot read ${this.#protocol.name}: the data of payload ${index} must be a JSON object`
    const malformed = new SseMalformedError(message)
    Object.defineProperties(malformed, { index: { value: index }, preview: { value: data.slice(0, PREVIEW) } })
    this.#fail(malformed)
    return undefined
  }

  #isMark(data: string): boolean {
    return data === this.#sentinel || (data.length <= this.#maxMark && data.trim() === this.#sentinel)
  }

  #isPayload(line: string): boolean {
    if (this.#isMark(line)) return true
    try {
      return isObject(JSON.parse(line))
    } catch {
      return false
    }
  }

  #endAsNoStream(): void {
    this.#fail(this.#stray.toError(this.#protocol.name, this.contentType))
  }

  #endTruncated(missing: string): void {
    const message = `Cannot read ${this.#protocol.name}: the answer must be whole when the stream ends, not without ${missing}`
    this.#fail(new SseTruncatedError(message, missing))
  }

  #succeed(reason: Verdict["reason"]): void {
    this.verdict = { reason }
    this.hasNews = true
  }

  #fail(error: SseError): void {
    this.verdict = { reason: "error", error }
    this.hasNews = true
  }
}

function eventOf(event: string, data: string): SseEvent {
  return { event, data, id: undefined, lastEventId: "" }
}

function isObject(json: unknown): json is object {
  return typeof json === "object" && json !== null && !Array.isArray(json)
}
