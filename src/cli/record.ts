/* `record`: follows an event stream and writes what happens on the wire to a file, each entry at once. */
import { setImmediate } from "node:timers/promises"
import { record } from "../testing/index.ts"
import type { Command } from "./command.ts"
import { OK } from "./exit-codes.ts"
import { followStream, prepareStream } from "./follow-stream.ts"
import { Progress } from "./progress.ts"
import { RecordingWriter } from "./recording-writer.ts"
import { REQUEST_FLAGS } from "./request-options.ts"
import { UsageError } from "./usage-error.ts"

export const RECORD: Command = {
  name: "record",
  summary: "Follows an event stream and records its bytes, times, attempts and states, without secrets.",
  operands: ["URL"],
  flags: {
    ...REQUEST_FLAGS,
    output: { type: "string", short: "o", value: "FILE", about: "The file of the recording. It is replaced." },
    quiet: { type: "boolean", short: "q", about: "Reports no states and attempts on the error output." },
  },
  run: async (given, terminal) => {
    const path = given.text("output")
    if (path === undefined || path === "") throw new UsageError('"--output" must name the file of the recording')
    const stream = await prepareStream(given)
    const progress = new Progress()
    const writer = new RecordingWriter(path, (entry) => {
      if (entry.type === "chunk") progress.bytes += entry.bytes.length
      if (entry.type === "limit") terminal.note("The recording has reached its limit of 64 MiB, and is not continued.")
    })
    const recorder = record({ onEntry: (entry) => writer.add(entry) })
    try {
      await followStream(stream, terminal, progress, () => writer.check(), recorder.subscribe)
      writer.check()
      return OK
    } finally {
      // The body reports in a later task that it was cancelled.
      await setImmediate()
      writer.close()
      const entries = `${writer.entries} ${writer.entries === 1 ? "entry" : "entries"}`
      if (!stream.isQuiet) {
        terminal.note(terminal.errorColours.dim(`recorded: ${entries}, ${progress.summary()}`))
      }
    }
  },
}
