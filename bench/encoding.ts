/* Contenders that encode events as text. Each is checked by parsing its text with another author's parser. */
import { createEventBuffer, type EventBuffer } from "better-sse"
import { encode } from "eventsource-encoder"
import { createParser } from "eventsource-parser"
import { type Contender, steadystream, touch } from "./contender.ts"
import type { CorpusEvent } from "./corpora.ts"

const { encodeEvent } = steadystream

function contender(
  name: string,
  run: (events: readonly CorpusEvent[]) => number,
  write: (event: CorpusEvent) => string,
): Contender<CorpusEvent> {
  return {
    name,
    run,
    report(events, report) {
      const parser = createParser({ onEvent: ({ event, data }) => report(event, data) })
      for (const event of events) parser.feed(write(event))
    },
  }
}

const ours = contender(
  "steadystream",
  (events) => {
    let sum = 0
    for (const event of events) sum += touch(encodeEvent(event))
    return sum
  },
  (event) => encodeEvent(event),
)

const eventsourceEncoder = contender(
  "eventsource-encoder",
  (events) => {
    let sum = 0
    for (const event of events) sum += touch(encode(event))
    return sum
  },
  (event) => encode(event),
)

function writeTo(buffer: EventBuffer, { event, id, data }: CorpusEvent): string {
  buffer.clear()
  if (event !== undefined) buffer.event(event)
  if (id !== undefined) buffer.id(id)
  return buffer.data(data).dispatch().read()
}

// Without this serializer better-sse would encode the text as JSON.
const bufferOfText = () => createEventBuffer({ serializer: (data) => data as string })

const betterSse = contender(
  "better-sse",
  (events) => {
    let sum = 0
    const buffer = bufferOfText()
    for (const event of events) sum += touch(writeTo(buffer, event))
    return sum
  },
  (event) => writeTo(bufferOfText(), event),
)

const concatFloor: Contender<CorpusEvent> = {
  name: "concatenation",
  isFloor: true,
  run(events) {
    let sum = 0
    for (const { data } of events) sum += touch(`data: ${data}\n\n`)
    return sum
  },
}

export const encodeContenders: Contender<CorpusEvent>[] = [ours, eventsourceEncoder, betterSse, concatFloor]
