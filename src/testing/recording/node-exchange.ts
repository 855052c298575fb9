/* Records a response of node:http: its methods are replaced by ones that report what they pass on. */

/** A response of node:http, as far as it is recorded. */
export interface RecordedNodeResponse {
  statusCode: number
  writeHead(...args: never[]): unknown
  write(...args: never[]): boolean
  end(...args: never[]): unknown
  getHeaders(): Readonly<Record<string, unknown>>
  once(event: "close", listener: () => void): unknown
}

/** A request and its response, of node:http or express. */
export interface NodeExchange {
  readonly request: {
    readonly method?: string | undefined
    readonly url?: string | undefined
    readonly headers: Readonly<Record<string, unknown>>
  }
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
