import type { EventStore } from "steadystream/server"
import { readJson, RequestError, sendJson } from "./answer.ts"
import { ChannelRoom } from "./channel-room.ts"
import type { Handler, Routes } from "./router.ts"
import { type Activity, StoredAnswers } from "./stored-answers.ts"

const MAX_BODY_BYTES = 65_536

/** The part of the demo whose streams are in a store: the channel and the answers. */
export interface StoredRoutes {
  readonly routes: Routes
  close(): unknown
}

/** One process that serves stored streams. */
export interface ServerProcess {
  /** 1 for the first process. */
  readonly number: number
  readonly pid: number
  readonly activity: Activity
}

/** Options of {@link StoredStreams}. */
export interface StoredStreamsOptions {
  readonly store: EventStore
  /** The number of this process. */
  readonly number: number
  /** Milliseconds between two tokens of an answer. */
  readonly token: number
  /** Returns the number of the next tick, which all processes of a store share. */
  readonly nextTick: () => Promise<number>
  /** Called when {@link StoredStreams.activity} has changed. */
  readonly onChange?: () => void
}

/** Serves the streams of a store in this process. */
export class StoredStreams implements StoredRoutes, ServerProcess {
  readonly routes: Routes
  readonly number: number
  readonly pid: number = process.pid
  readonly #room: ChannelRoom
  readonly #answers: StoredAnswers
  readonly #stop: AbortController = new AbortController()

  constructor({ store, number, token, nextTick, onChange = () => {} }: StoredStreamsOptions) {
    this.number = number
    this.#room = new ChannelRoom(store, nextTick)
    this.#answers = new StoredAnswers({ store, token, onChange, processName: nameOf(this) })
    this.routes = [
      ["/channel", { GET: this.#sendChannel, HEAD: this.#sendChannel }],
      ["/api/channel", { GET: this.#sendRoomState, POST: this.#publish }],
      ["/answer", { GET: this.#sendAnswer, HEAD: this.#sendAnswer, POST: this.#ask, DELETE: this.#cancel }],
      ["/api/answer", { GET: this.#sendState }],
      ["/api/processes", { GET: (_req, res, url) => sendProcesses(res, url, [this], false) }],
    ]
  }

  get activity(): Activity {
    return this.#answers.activity
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#room.close()
    await this.#answers.close()
  }

  readonly #sendChannel: Handler = (req, res, url) =>
    url.searchParams.get("node") === "new"
      ? this.#room.connectToNewNode(req, res, this.#stop.signal)
      : this.#room.connect(req, res, this.#stop.signal)

  readonly #sendRoomState: Handler = async (_req, res) => sendJson(res, 200, await this.#room.state())

  readonly #publish: Handler = async (req, res) => {
    await this.#room.publish(await readJson(req, MAX_BODY_BYTES))
    sendJson(res, 200, await this.#room.state())
  }

  readonly #sendAnswer: Handler = (req, res, url) => this.#answers.send(req, res, idOf(url), this.#stop.signal)

  /** Starts an answer, or continues the lost one with the ID in the query. */
  readonly #ask: Handler = async (req, res, url) => {
    const body = await readJson(req, MAX_BODY_BYTES)
    const lost = url.searchParams.get("id")
    if (lost !== null) await this.#answers.continue(lost, body)
    sendJson(res, 201, { id: lost ?? (await this.#answers.start(body)) })
  }

  readonly #cancel: Handler = async (_req, res, url) => {
    await this.#answers.cancel(idOf(url))
    await this.#sendState(_req, res, url)
  }

  /** Answers 200 also for an unknown answer: a browser reports each 404 as an error. */
  readonly #sendState: Handler = async (_req, res, url) =>
    sendJson(res, 200, (await this.#answers.state(idOf(url))) ?? { status: "unknown" })
}

/** Sends the processes, and what each of them does for the answer in the query. */
export function sendProcesses(
  res: Parameters<Handler>[1],
  url: URL,
  processes: readonly ServerProcess[],
  isOnRedis: boolean,
): void {
  const id = url.searchParams.get("answer") ?? ""
  const list = processes.map((one) => ({
    name: nameOf(one),
    writes: one.activity.writes.includes(id),
    readers: Object.hasOwn(one.activity.readers, id) ? one.activity.readers[id] : 0,
  }))
  sendJson(res, 200, { processes: list, isOnRedis })
}

function nameOf({ number, pid }: Omit<ServerProcess, "activity">): string {
  return `process ${number} (${pid})`
}

function idOf(url: URL): string {
  const id = url.searchParams.get("id")
  if (id === null) throw new RequestError(400, `"id" must be in the query`, { param: "id" })
  return id
}
