/* The entries of a recording by request: what was asked, and what came. */
import type {
  CancelEntry,
  ChunkEntry,
  EndEntry,
  ErrorEntry,
  Recording,
  RequestEntry,
  ResponseEntry,
} from "./recording.ts"

export interface Exchange {
  readonly number: number
  /** When it began. */
  start: number
  request: RequestEntry | undefined
  response: ResponseEntry | undefined
  readonly chunks: ChunkEntry[]
  /** `undefined` if the recording ended before. */
  end: EndEntry | ErrorEntry | CancelEntry | undefined
}

/** Returns the requests of a recording in their order. */
export function exchangesOf({ entries }: Recording): Exchange[] {
  const exchanges = new Map<number, Exchange>()
  for (const entry of entries) {
    if (!("request" in entry)) continue
    const { request: number, at } = entry
    let exchange = exchanges.get(number)
    if (exchange === undefined) {
      exchange = { number, start: at, request: undefined, response: undefined, chunks: [], end: undefined }
      exchanges.set(number, exchange)
    }
    if (entry.type === "request") exchange.request = entry
    else if (entry.type === "response") exchange.response = entry
    else if (entry.type === "chunk") exchange.chunks.push(entry)
    else exchange.end = entry
  }
  return [...exchanges.values()]
}
