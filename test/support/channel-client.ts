/* A client of channels without a network. */
import type { Channels, ConnectOptions } from "steadystream/server"
import type { LogServer } from "../../src/session/index.ts"
import { OutletClient } from "./outlet-client.ts"

export interface ClientOptions extends ConnectOptions {
  readonly cursor?: string
  /** The blocks that the client takes; then it waits for `take()`. */
  readonly room?: number
}

export class ChannelClient extends OutletClient {
  constructor(channels: Channels, names: string | readonly string[], options: ClientOptions = {}) {
    const { cursor = "", room, ...connect } = options
    const server = channels as unknown as LogServer<string | readonly string[], ConnectOptions>
    const request = server.accept(cursor, undefined, names, connect)
    super(server.sessionOf(request.cursor), room)
    server.open(this.session, request, connect, true)
  }
}

/** Waits until promises have settled, without a timer. */
export async function settleTasks(turns = 2): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => void setImmediate(resolve))
}
