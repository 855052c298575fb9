/* `record`: follows an event stream and writes what happens on the wire to a file, each entry at once. */
import { setImmediate } from "node:timers/promises"
import { record, type RecordingEntry } from "../testing/index.ts"
import type { Command } from "./command.ts"
import { EntryRedaction } from "./entry-redaction.ts"
import { OK } from "./exit-codes.ts"
import type { CommandArguments } from "./flags.ts"
import { followStream, prepareStream } from "./follow-stream.ts"
import { STANDARD } from "./input.ts"
import { Progress } from "./progress.ts"
import { FileOutput, StandardOutput } from "./recording-output.ts"
import { RecordingWriter } from "./recording-writer.ts"
import { REQUEST_FLAGS } from "./request-options.ts"
import type { Terminal } from "./terminal.ts"
import { UsageError } from "./usage-error.ts"

/** The default of `record()`. */
const MAX_BYTES = 67_108_864

export const RECORD: Command = {
  name: "record",
  summary: "Follows an event stream and records its bytes, times, attempts and states, without secrets.",
  operands: ["URL"],
  flags: {
    ...REQUEST_FLAGS,
    output: {
      type: "string",
      short: "o",
      value: "FILE",
      about: "The file of the recording, replaced at the first response; - is the output.",
    },
    redact: {
      type: "string",
      multiple: true,
      value: "REGEX",
      about: "Replaces what matches in a line of a body, a URL or a header by ***.",
    },
    "max-bytes": { type: "string", value: "N", about: "Ends at this size, in bytes: 67108864." },
    quiet: { type: "boolean", short: "q", about: "Reports no states and attempts on the error output." },
  },
  run: async (given, terminal) => {
    const path = given.text("output")
    if (path === undefined || path === "") throw new UsageError('"--output" must name the file of the recording')
    const maxBytes = given.number("max-bytes", { min: 1, isInteger: true }) ?? MAX_BYTES
    const redaction = new EntryRedaction(given.list("redact"))
    const stream = await prepareStream(given, terminal.signal)
    const writer = new RecordingWriter(
      path === STANDARD ? new StandardOutput(terminal) : new FileOutput(path),
      redaction,
    )
    const progress = new Progress()
    const onEntry = (entry: RecordingEntry) => {
      if (entry.type === "chunk") progress.bytes += entry.bytes.length
      writer.add(entry)
      if (entry.type === "limit") writer.fail(new RangeError(limitMessage(maxBytes)))
    }
    const { subscribe } = record({ onEntry, maxBytes })
    try {
      await followStream(stream, terminal, progress, () => writer.check(), subscribe)
      await writer.check()
      return OK
    } finally {
      // The body reports in a later task that it was cancelled.
      await setImmediate()
      report(writer, progress, given, terminal)
    }
  },
}

function limitMessage(maxBytes: number): string {
  return `Cannot record more than ${maxBytes} bytes: "--max-bytes" sets the limit`
}

function report(writer: RecordingWriter, progress: Progress, given: CommandArguments, terminal: Terminal): void {
  const { dim, yellow } = terminal.errorColours
  if (!writer.close()) {
    terminal.note(yellow("No response has arrived, so the file still has its old content."))
    return
  }
  const entries = `${writer.entries} ${writer.entries === 1 ? "entry" : "entries"}`
  if (!given.has("quiet")) terminal.note(dim(`recorded: ${entries}, ${progress.summary()}`))
}
