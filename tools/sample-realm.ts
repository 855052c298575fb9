/*
 * Loaded before a sample of the documents. It sends requests for the hosts of the samples to the demo's server. A
 * server that a sample starts listens on a free port and does not keep the process alive.
 */
import { Server } from "node:net"

const HOSTS = /^https?:\/\/(?:[\w.-]*example\.com|localhost:\d+|api\.openai\.com)(?=\/)/
const origin = process.env["STEADYSTREAM_SAMPLE_ORIGIN"]!

const { fetch } = globalThis
globalThis.fetch = (input, init) => {
  if (input instanceof Request) return fetch(new Request(input.url.replace(HOSTS, origin), input), init)
  return fetch(String(input).replace(HOSTS, origin), init)
}

// oxlint-disable-next-line typescript/unbound-method -- it is called with the server as its `this`
const { listen } = Server.prototype
Server.prototype.listen = function listenAnywhere(this: Server, ...args: unknown[]): Server {
  const ready = args.find((arg) => typeof arg === "function") as (() => void) | undefined
  return Reflect.apply(listen, this, [{ port: 0, host: "127.0.0.1" }, ready]).unref()
}
