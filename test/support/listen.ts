import { connect, type AddressInfo, type Server, type Socket } from "node:net"
import { onTestFinished } from "vitest"

/** Starts `server` on a free loopback port for one test and returns its origin. */
export async function listen(server: Server & { closeAllConnections?: () => void }): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    const closed = new Promise((resolve) => void server.close(resolve))
    server.closeAllConnections?.()
    await closed
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A raw socket to `origin` that sends `request` and keeps the text that it receives. */
export async function rawRequest(origin: string, request: string) {
  const socket: Socket = connect(Number(new URL(origin).port), "127.0.0.1")
  let text = ""
  let ended = false
  socket.on("data", (chunk: Buffer) => void (text += chunk.toString("latin1")))
  socket.on("close", () => void (ended = true))
  socket.on("error", () => {})
  onTestFinished(() => void socket.destroy())
  await new Promise((resolve) => socket.once("connect", resolve))
  socket.write(request)
  return {
    socket,
    get text() {
      return text
    },
    get ended() {
      return ended
    },
  }
}
