/** What is read of a request: node:http's, node:http2's and express's are assignable. */
export interface NodeRequest {
  /** The method; a HEAD gets headers only. */
  readonly method?: string | undefined
  /** The headers, by their names in lower case. */
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  /** The socket that a pipelined response waits for. */
  readonly socket?: NodeSocket | null | undefined
}

/** What is used of a socket. */
export interface NodeSocket {
  /** Whether it is gone. */
  readonly destroyed: boolean
  /** Adds a listener of its end. */
  on(event: "close", listener: () => void): unknown
}

/** What is used of a response: node:http's, node:http2's and express's are assignable. */
export interface NodeResponse {
  /** Whether it is too late for headers. */
  readonly headersSent: boolean
  /** Whether `end` has been called. */
  readonly writableEnded: boolean
  /** Whether it is gone. */
  readonly destroyed?: boolean
  /** `null` as long as a pipelined response waits for its turn, and after its end. */
  readonly socket?: unknown
  /** The stream of an http2 response; gone with its client. */
  readonly stream?:
    | {
        /** Whether it is gone. */
        readonly destroyed: boolean
        /** Resets the stream with an error code of HTTP/2. */
        close?(code: number): unknown
      }
    | undefined
  /** Sets a header. */
  setHeader(name: string, value: number | string | readonly string[]): unknown
  /** Takes a header back. */
  removeHeader(name: string): void
  /** Sets the status and ends the headers. */
  writeHead(status: number): unknown
  /** Where it is missing, `writeHead` sends the headers. */
  flushHeaders?(): void
  /** Sends what a middleware holds back to compress it; missing without one. */
  flush?(): unknown
  /** Writes a piece; `false` asks to wait for `drain`. */
  write(chunk: Uint8Array, onWritten: () => void): boolean
  /** Ends the response. */
  end(): unknown
  /** Breaks the connection. */
  destroy(error?: Error): unknown
  /** Adds a listener. */
  on(event: "close" | "drain" | "error" | "finish" | "socket", listener: () => void): unknown
  /** Takes a listener back. */
  off(event: "close" | "drain" | "error" | "finish", listener: () => void): unknown
}
