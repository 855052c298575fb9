/* `tail`: follows an event stream across reconnections and writes its events. */
import type { SseEvent } from "../index.ts"
import type { Colours } from "./colours.ts"
import type { Command } from "./command.ts"
import { OK } from "./exit-codes.ts"
import { observeBodies } from "./observed-fetch.ts"
import { followStream, prepareStream } from "./follow-stream.ts"
import { Progress } from "./progress.ts"
import { REQUEST_FLAGS } from "./request-options.ts"
import { UsageError } from "./usage-error.ts"
import { visibleJson, visibleLine, visibleText } from "./visible-text.ts"

export const TAIL: Command = {
  name: "tail",
  summary: "Follows an event stream, reconnects when it breaks, and writes its events.",
  operands: ["URL"],
  flags: {
    ...REQUEST_FLAGS,
    json: { type: "boolean", about: "Writes each event as one line of JSON." },
    raw: { type: "boolean", about: "Writes the bytes of the stream, unchanged, as they arrive." },
    quiet: { type: "boolean", short: "q", about: "Reports no states and attempts on the error output." },
  },
  run: async (given, terminal) => {
    const [isJson, isRaw] = [given.has("json"), given.has("raw")]
    if (isJson && isRaw) throw new UsageError('"--json" and "--raw" must not be used together')
    const stream = await prepareStream(given, terminal.signal)
    const progress = new Progress()
    observeBodies((bytes) => {
      progress.bytes += bytes.length
      return isRaw ? terminal.write(bytes) : undefined
    })
    try {
      await followStream(stream, terminal, progress, (event) => {
        if (isRaw) return undefined
        return terminal.write(isJson ? jsonLine(event) : humanLine(event, terminal.colours))
      })
      return OK
    } finally {
      if (!stream.isQuiet) terminal.note(terminal.errorColours.dim(`closed: ${progress.summary()}`))
    }
  },
}

function jsonLine({ event, data, id, lastEventId }: SseEvent): string {
  return `${visibleJson({ event, data, id, lastEventId })}\n`
}

/** The name, the ID and the data. Further lines of the data are indented. */
function humanLine({ event, data, id }: SseEvent, { cyan, dim }: Colours): string {
  const mark = id === undefined ? "" : dim(` #${visibleLine(id, 100)}`)
  return `${cyan(visibleLine(event, 100))}${mark} ${visibleText(data).replaceAll("\n", "\n  ")}\n`
}
