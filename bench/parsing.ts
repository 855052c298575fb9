/* Contenders that parse chunks of text or bytes, without streams. */
import { getLines, getMessages, type EventSourceMessage } from "@microsoft/fetch-event-source/lib/cjs/parse.js"
import { createParser } from "eventsource-parser"
import { type Contender, steadystream, touch } from "./contender.ts"

const { SseParser } = steadystream

const ours: Contender<string | Uint8Array> = {
  name: "steadystream",
  run(chunks) {
    let sum = 0
    const parser = new SseParser({ onEvent: (event) => void (sum += touch(event.data)) })
    for (const chunk of chunks) parser.feed(chunk)
    parser.end()
    return sum
  },
  report(chunks, report) {
    const parser = new SseParser({ onEvent: ({ event, data }) => report(event, data) })
    for (const chunk of chunks) parser.feed(chunk)
    parser.end()
  },
}

const eventsourceParser: Contender<string> = {
  name: "eventsource-parser",
  run(chunks) {
    let sum = 0
    const parser = createParser({ onEvent: (event) => void (sum += touch(event.data)) })
    for (const chunk of chunks) parser.feed(chunk)
    return sum
  },
  report(chunks, report) {
    const parser = createParser({ onEvent: ({ event, data }) => report(event, data) })
    for (const chunk of chunks) parser.feed(chunk)
  },
}

const eventsourceParserBytes: Contender<Uint8Array> = {
  name: "eventsource-parser + TextDecoder",
  run(chunks) {
    let sum = 0
    const parser = createParser({ onEvent: (event) => void (sum += touch(event.data)) })
    const decoder = new TextDecoder()
    for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }))
    return sum
  },
  report(chunks, report) {
    const parser = createParser({ onEvent: ({ event, data }) => report(event, data) })
    const decoder = new TextDecoder()
    for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }))
  },
}

function fetchEventSourceParser(onMessage: (message: EventSourceMessage) => void): (chunk: Uint8Array) => void {
  return getLines(getMessages(ignore, ignore, onMessage))
}

function ignore(): void {}

const fetchEventSource: Contender<Uint8Array> = {
  name: "@microsoft/fetch-event-source",
  run(chunks) {
    let sum = 0
    const feed = fetchEventSourceParser((message) => void (sum += touch(message.data)))
    for (const chunk of chunks) feed(chunk)
    return sum
  },
  report(chunks, report) {
    const feed = fetchEventSourceParser(({ event, data }) => report(event, data))
    for (const chunk of chunks) feed(chunk)
  },
}

/** Finds every line end and copies every line, which is less work than any parser does. */
function scanAndSlice(text: string, lineEnd: string): number {
  let sum = 0
  for (let start = 0; start < text.length;) {
    const found = text.indexOf(lineEnd, start)
    const end = found === -1 ? text.length : found
    if (end > start) sum += touch(text.slice(start, end))
    start = end + 1
  }
  return sum
}

const scanFloor = (lineEnd: string): Contender<string> => ({
  name: "scan + slice",
  isFloor: true,
  run(chunks) {
    let sum = 0
    for (const chunk of chunks) sum += scanAndSlice(chunk, lineEnd)
    return sum
  },
})

const decodeFloor = (lineEnd: string): Contender<Uint8Array> => ({
  name: "decode + scan + slice",
  isFloor: true,
  run(chunks) {
    let sum = 0
    const decoder = new TextDecoder()
    for (const chunk of chunks) sum += scanAndSlice(decoder.decode(chunk), lineEnd)
    return sum
  },
})

export const textContenders = (lineEnd: string): Contender<string>[] => [ours, eventsourceParser, scanFloor(lineEnd)]

export const byteContenders = (lineEnd: string): Contender<Uint8Array>[] => [
  ours,
  eventsourceParserBytes,
  fetchEventSource,
  decodeFloor(lineEnd),
]
