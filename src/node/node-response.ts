/** What is read of a request: node:http's, node:http2's and express's are assignable. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly headers: { readonly [name: string]: string | string[] | undefined }
}

/** What is used of a response: node:http's, node:http2's and express's are assignable. */
export interface NodeResponse {
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly destroyed?: boolean
  /** The stream of an http2 response; gone with its client. */
  readonly stream?: { readonly destroyed: boolean } | undefined
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
