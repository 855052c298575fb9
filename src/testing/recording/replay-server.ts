import { checkOptions } from "../../internal/option-checks.ts"
import type { FaultAnswer } from "../fault-answer.ts"
import { type FaultServer, startFaultServer } from "../fault-server.ts"
import { type Exchange, exchangesOf, headersToSend } from "./exchange.ts"
import type { Recording, ResponseEntry } from "./recording.ts"
import { checkSpeed, endOf } from "./replay-body.ts"

/** Options of {@link startReplayServer}. */
export interface ReplayServerOptions {
  /**
   * How many times as fast as recorded: 1 keeps the times, 10 is ten times as fast, Infinity waits for nothing.
   * @defaultValue `1`
   */
  readonly speed?: number | undefined
  /**
   * The port.
   * @defaultValue a free one
   */
  readonly port?: number | undefined
}

/**
 * Starts a server on 127.0.0.1 that answers the n-th request to any path with the n-th response of a recording, and every
 * further request with the last one. Needs Node, or a runtime with `node:http`.
 *
 * Each chunk is one HTTP chunk, and redirects lead to this server. A connection that broke breaks again, and one whose
 * reader stopped it stays open.
 *
 * @throws TypeError, RangeError (by rejecting) if the recording has no response, or an option is not valid.
 * @example
 * ```ts
 * import { readEvents } from "steadystream"
 * import { record, scriptedFetch, startReplayServer } from "steadystream/testing"
 *
 * const recorder = record()
 * const recorded = recorder.fetch(scriptedFetch([{ chunks: ["data: a\n\n"] }]))
 * await (await recorded("https://example.com/")).text()
 * const server = await startReplayServer(recorder.recording)
 * for await (const { data } of readEvents(await fetch(server.url))) console.log(data) // a
 * await server.close()
 * ```
 */
export async function startReplayServer(recording: Recording, options: ReplayServerOptions = {}): Promise<FaultServer> {
  checkOptions(options, { speed: true, port: "a number" })
  const speed = checkSpeed(options.speed)
  const answers = exchangesOf(recording).map((exchange) => answerOf(exchange, speed))
  if (answers.length === 0) throw new TypeError("Cannot replay: the recording must have a request or a response")
  return startFaultServer((_, index) => answers[Math.min(index, answers.length - 1)]!, { port: options.port })
}

function answerOf(exchange: Exchange, speed: number): FaultAnswer | "stall" | "reset" {
  const { response, start, end } = exchange
  // An empty chunk cannot be sent: it is the end of a body in chunks.
  const chunks = exchange.chunks.filter(({ bytes }) => bytes.length > 0)
  const isOpen = endOf(exchange) === Infinity
  if (response === undefined) return isOpen ? "stall" : "reset"
  const times = [start, response.at, ...chunks.map(({ at }) => at)]
  const pieceDelay = times.slice(1).map((at, index) => Math.max(0, at - times[index]!) / speed)
  const last = isOpen ? 0 : Math.max(0, end!.at - times.at(-1)!) / speed
  return {
    status: response.status,
    headers: headersOf(response),
    body: chunks.map(({ bytes }) => bytes),
    pieceDelay: [...pieceDelay, last],
    end: isOpen ? "stall" : end?.type === "end" ? "complete" : "reset",
  }
}

/** A redirect leads to this server, and not to the recorded one. */
function headersOf({ headers }: ResponseEntry): Record<string, string | undefined> {
  const kept = headersToSend(headers)
  const { location } = kept
  return {
    "content-type": undefined,
    ...kept,
    ...(location !== undefined && { location: location.replace(/^([a-z]+:)?\/\/[^/?#]*\/*/i, "/") }),
  }
}
