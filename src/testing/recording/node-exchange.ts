/* Records a response of node:http: its methods are replaced by ones that report what they pass on. */

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
export interface ResponseEvents {
  onHead(status: number, headers: readonly (readonly [name: string, value: string])[]): void
  onChunk(bytes: Uint8Array): void
  onEnd(): void
  /** The client left before the end. */
  onCancel(): void
}

export function recordNode(response: RecordedNodeResponse, events: ResponseEvents): void {
  const write = response.write.bind(response)
  const end = response.end.bind(response)
  let hasHead = false
  let hasEnded = false
  const head = (): void => {
    if (hasHead) return
    hasHead = true
    const headers = Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)] as const)
    events.onHead(response.statusCode, headers)
  }
  const note = (chunk: unknown): void => {
    head()
    if (typeof chunk === "string") events.onChunk(new TextEncoder().encode(chunk))
    else if (chunk instanceof Uint8Array) events.onChunk(chunk)
  }
  response.write = (...args: never[]): boolean => {
    note(args[0])
    return write(...args)
  }
  response.end = (...args: never[]): unknown => {
    note(args[0])
    hasEnded = true
    events.onEnd()
    return end(...args)
  }
  response.once("close", () => {
    if (!hasEnded) events.onCancel()
  })
}
