/*
 * Records a response of node:http: its methods are replaced by ones that report what they pass on. What is reported cannot
 * fail the response.
 */
import { reportGlobally } from "../../internal/hook.ts"
import type { BodyEvents } from "./recorded-body.ts"

/** A request of node:http or express, as far as it is recorded. */
export interface RecordedNodeRequest {
  /** The method. */
  readonly method?: string | undefined
  /** The path and the query. */
  readonly url?: string | undefined
  /** The headers, by their names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>
}

/** A response of node:http or express, as far as it is recorded. */
export interface RecordedNodeResponse {
  /** The status. */
  statusCode: number
  /** Sets the head, or sends it. */
  writeHead(...args: never[]): unknown
  /** Writes a chunk. */
  write(...args: never[]): boolean
  /** Sends the head. */
  flushHeaders?(): void
  /** Ends the response. */
  end(...args: never[]): unknown
  /** Returns the headers that were set. */
  getHeaders(): Readonly<Record<string, unknown>>
  /** Listens for the end of the connection. */
  once(event: "close", listener: () => void): unknown
}

/** A request and its response, of node:http or express. */
export interface NodeExchange {
  /** The request. */
  readonly request: RecordedNodeRequest
  /** The response, before its head is sent. */
  readonly response: RecordedNodeResponse
}

/** What happens to a response. */
export interface ResponseEvents extends Omit<BodyEvents, "onError"> {
  onHead(status: number, headers: readonly (readonly [name: string, value: string])[]): void
}

/** Records what is written to a response. One to a HEAD request has no body, whatever is written. */
export function recordNode(response: RecordedNodeResponse, isHead: boolean, events: ResponseEvents): void {
  const recorder = new NodeRecorder(response, isHead, events)
  const write = response.write.bind(response)
  const end = response.end.bind(response)
  const writeHead = response.writeHead.bind(response)
  const flushHeaders = response.flushHeaders?.bind(response)
  Object.assign(response, {
    writeHead(...args: never[]): unknown {
      const result = writeHead(...args)
      recorder.onWriteHead(args)
      return result
    },
    ...(flushHeaders !== undefined && {
      flushHeaders(): void {
        recorder.onHead()
        flushHeaders()
      },
    }),
    write(...args: never[]): boolean {
      recorder.onWrite(args)
      return write(...args)
    },
    end(...args: never[]): unknown {
      recorder.onWrite(args)
      recorder.onEnd()
      return end(...args)
    },
  })
  response.once("close", () => recorder.onClose())
}

/** Statuses whose responses have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 304])

class NodeRecorder {
  readonly #response: RecordedNodeResponse
  readonly #isHead: boolean
  readonly #events: ResponseEvents
  /** The headers that `writeHead` sent: `getHeaders` may not have them. */
  #given: readonly (readonly [name: string, value: unknown])[] = []
  #hasHead = false
  #isOver = false

  constructor(response: RecordedNodeResponse, isHead: boolean, events: ResponseEvents) {
    this.#response = response
    this.#isHead = isHead
    this.#events = events
  }

  onWriteHead(args: readonly unknown[]): void {
    if (this.#hasHead) return
    this.#given = pairsOf(args.slice(1).find((arg) => typeof arg === "object" && arg !== null))
    // HTTP/2 sends the head at once, HTTP/1 with the first bytes.
    if ("stream" in this.#response) this.onHead()
  }

  onHead(): void {
    if (this.#hasHead || this.#isOver) return
    this.#hasHead = true
    const { statusCode } = this.#response
    const all = [...Object.entries(this.#response.getHeaders()), ...this.#given]
    this.#report(() =>
      this.#events.onHead(
        statusCode,
        all.map(([name, value]) => [name, String(value)] as const),
      ),
    )
  }

  onWrite([chunk, encoding]: readonly unknown[]): void {
    this.onHead()
    if (this.#isOver || this.#isHead || BODILESS.has(this.#response.statusCode)) return
    if (chunk instanceof Uint8Array) this.#report(() => this.#events.onChunk(chunk))
    else if (typeof chunk === "string") this.#report(() => this.#events.onChunk(bytesOf(chunk, encoding)))
  }

  onEnd(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#report(() => this.#events.onEnd())
  }

  onClose(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#report(() => this.#events.onCancel())
  }

  #report(run: () => void): void {
    try {
      run()
    } catch (error) {
      reportGlobally(error)
    }
  }
}

/** Headers as `writeHead` takes them: an object, a list of pairs, or a list of names and values in turn. */
function pairsOf(headers: unknown): (readonly [name: string, value: unknown])[] {
  if (!Array.isArray(headers)) return Object.entries(headers ?? {})
  const list: readonly unknown[] = Array.isArray(headers[0]) ? headers.flat() : headers
  return list.flatMap((name, at) => (at % 2 === 0 ? [[String(name), list[at + 1]] as const] : []))
}

interface NodeBuffer {
  from(text: string, encoding: string): Uint8Array
}

function bytesOf(text: string, encoding: unknown): Uint8Array {
  const { Buffer } = globalThis as { readonly Buffer?: NodeBuffer }
  const isOther = typeof encoding === "string" && !/^utf-?8$/i.test(encoding)
  return isOther && Buffer !== undefined ? Buffer.from(text, encoding) : new TextEncoder().encode(text)
}
