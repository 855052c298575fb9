/*
 * Law: what the fault server uses of Node, as shapes, and the only place that asks for its modules: when the server is
 * started, so that importing this package touches nothing of Node.
 */

/** What is used of a socket. */
export interface NodeSocket {
  readonly destroyed: boolean
  readonly bytesWritten: number
  readonly writableLength: number
  write(bytes: Uint8Array, done?: () => void): boolean
  end(): void
  destroy(): void
  resetAndDestroy(): void
  setNoDelay(): void
  on(event: "close" | "drain" | "error" | "data", run: (value: unknown) => void): void
}

/** What is used of a request. */
export interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly socket: NodeSocket
}

/** What is used of a server. */
export interface NodeServer {
  listen(port: number, host: string, done: () => void): void
  close(done: () => void): void
  address(): { readonly port: number }
  on(event: "connection", run: (socket: NodeSocket) => void): void
  on(event: "clientError", run: (error: unknown, socket: NodeSocket) => void): void
}

interface NodeHttp {
  createServer(options: object, run: (request: NodeRequest) => void): NodeServer
}

interface NodeZlib {
  gzipSync(bytes: Uint8Array): Uint8Array
}

/** Node's `http`. */
export function importHttp(): Promise<NodeHttp> {
  return importModule("http") as Promise<NodeHttp>
}

/** Node's `zlib`. */
export function importZlib(): Promise<NodeZlib> {
  return importModule("zlib") as Promise<NodeZlib>
}

/** Not a literal: bundlers for the browser must not look for it. */
function importModule(name: string): Promise<unknown> {
  const specifier = `node:${name}`
  return import(/* @vite-ignore */ specifier)
}
