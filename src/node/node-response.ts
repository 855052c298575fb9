/** The members of a request that are read; requests of node:http, node:http2 and express are assignable. */
export interface NodeRequest {
  /** The method; the response to HEAD has only headers. */
  readonly method?: string | undefined
  /** The path and the query, of which `lastEventId` is read. */
  readonly url?: string | undefined
  /** The headers, by lower-case name. */
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  /** The socket of the connection, which a pipelined response waits for. */
  readonly socket?: NodeSocket | null | undefined
}

/** The members of a socket that are used. */
export interface NodeSocket {
  /** Whether the socket is destroyed. */
  readonly destroyed: boolean
  /** Adds a listener. */
  on(event: "close", listener: () => void): unknown
}

/** The members of a response that are used; responses of node:http, node:http2 and express are assignable. */
export interface NodeResponse {
  /** Whether the headers have been sent. */
  readonly headersSent: boolean
  /** The bytes that were written and not sent yet. */
  readonly writableLength?: number | undefined
  /** Whether `end` has been called. */
  readonly writableEnded: boolean
  /** Whether the response is destroyed. */
  readonly destroyed?: boolean
  /** `null` while a pipelined response waits for its turn, and after its end. */
  readonly socket?: unknown
  /** The stream of an http2 response. */
  readonly stream?:
    | {
        /** Whether the stream is destroyed. */
        readonly destroyed: boolean
        /** Resets the stream with an HTTP/2 error code. */
        close?(code: number): unknown
      }
    | undefined
  /** Sets a header. */
  setHeader(name: string, value: number | string | readonly string[]): unknown
  /** Removes a header. */
  removeHeader(name: string): void
  /** Sets the status and completes the headers. */
  writeHead(status: number): unknown
  /** Sends the headers. If it is missing, `writeHead` must send them. */
  flushHeaders?(): void
  /** Sends what a middleware holds back to compress it; missing without one. */
  flush?(): unknown
  /** Writes a chunk; returns `false` if the caller must wait for `drain`. */
  write(chunk: Uint8Array, onWritten?: () => void): boolean
  /** Ends the response. */
  end(): unknown
  /** Breaks the connection. */
  destroy(error?: Error): unknown
  /** Adds a listener. */
  on(event: "close" | "drain" | "error" | "finish" | "socket", listener: () => void): unknown
  /** Removes a listener. */
  off(event: "close" | "drain" | "error" | "finish", listener: () => void): unknown
}
