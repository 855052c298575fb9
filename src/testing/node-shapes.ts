/*
 * The members of Node's modules that the fault server uses, and the only place that takes them, when a server starts:
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

/**
 * Returns `node:http`.
 *
 * @throws TypeError if the platform has no such module.
 */
export function nodeHttp(): NodeHttp {
  return nodeModule("node:http") as NodeHttp
}

/**
 * Returns `node:zlib`.
 *
 * @throws TypeError if the platform has no such module.
 */
export function nodeZlib(): NodeZlib {
  return nodeModule("node:zlib") as NodeZlib
}

/** Not by `import()`: bundlers for the browser would try to resolve it, and that of React Native refuses it. */
function nodeModule(name: string): unknown {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }
  const found = process?.getBuiltinModule?.(name)
  if (found === undefined) throw new TypeError(`Cannot start fault server: the platform must have ${name}`)
  return found
}
