/*
 * The members of Node's modules that the fault server uses, and their only import, which happens when a server starts:
 * importing this package needs nothing of Node.
 */

/** A socket. */
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

/** A request. */
export interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly socket: NodeSocket
}

/** A server. */
export interface NodeServer {
  listen(port: number, host: string, done: () => void): void
  close(done: () => void): void
  address(): { readonly port: number }
  on(event: "connection", run: (socket: NodeSocket) => void): void
  on(event: "clientError", run: (error: unknown, socket: NodeSocket) => void): void
  on(event: "error", run: (error: unknown) => void): void
}

interface NodeHttp {
  createServer(options: object, run: (request: NodeRequest) => void): NodeServer
}

interface NodeZlib {
  gzipSync(bytes: Uint8Array): Uint8Array
}

/** Imports `node:http`. */
export function importHttp(): Promise<NodeHttp> {
  return importModule("http") as Promise<NodeHttp>
}

/** Imports `node:zlib`. */
export function importZlib(): Promise<NodeZlib> {
  return importModule("zlib") as Promise<NodeZlib>
}

/** Not with a literal, which bundlers for the browser would try to resolve. */
function importModule(name: string): Promise<unknown> {
  const specifier = `node:${name}`
  return import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)
}
