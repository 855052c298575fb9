/* `replay`: a server that answers every path from a recording. */
import { startReplayServer } from "../testing/index.ts"
import type { Command } from "./command.ts"
import { readRecording } from "./recording-file.ts"

/** The flag of the port of a server. */
export const PORT_FLAG = { type: "string", short: "p", value: "N", about: "The port: a free one." } as const

export const REPLAY: Command = {
  name: "replay",
  summary:
    "Starts a server on 127.0.0.1 that answers the n-th request to any path with the n-th response of a recording, and each later one with the last response.",
  operands: ["FILE"],
  flags: {
    port: PORT_FLAG,
    speed: {
      type: "string",
      value: "FACTOR",
      about: "How many times as fast as recorded: 1. Infinity waits for nothing.",
    },
  },
  run: async (given, terminal) => {
    const port = given.number("port", { max: 65_535, isInteger: true })
    const speed = given.number("speed", { min: 0.001 })
    const recording = await readRecording(given.positionals[0]!, terminal.signal)
    const server = await startReplayServer(recording, { port, speed })
    try {
      await terminal.write(`${server.url}\n`)
      terminal.note(terminal.errorColours.dim("Ctrl-C ends the server."))
      return await terminal.untilEnded()
    } finally {
      await server.close()
    }
  },
}
