/** What is read of a request: node:http's, node:http2's and express's are assignable. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly socket?: NodeSocket | null | undefined
}

/** What is used of a socket. */
export interface NodeSocket {
  readonly destroyed: boolean
  on(event: "close", listener: () => void): unknown
}

/** What is used of a response: node:http's, node:http2's and express's are assignable. */
export interface NodeResponse {
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly destroyed?: boolean
  /** `null` as long as a pipelined response waits for its turn, and after its end. */
  readonly socket?: unknown
  /** The stream of an http2 response; gone with its client. */
  readonly stream?: { readonly destroyed: boolean; close?(code: number): unknown } | undefined
  setHeader(name: string, value: number | string | readonly string[]): unknown
  removeHeader(name: string): void
  writeHead(status: number): unknown
  /** Where it is missing, `writeHead` sends the headers. */
  flushHeaders?(): void
  write(chunk: Uint8Array, onWritten: () => void): boolean
  end(): unknown
  destroy(error?: Error): unknown
  on(event: "close" | "drain" | "error" | "finish", listener: () => void): unknown
  off(event: "close" | "drain" | "error" | "finish", listener: () => void): unknown
}
