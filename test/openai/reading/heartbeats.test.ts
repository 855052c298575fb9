import { readEvents } from "steadystream"
import { type Heartbeat, type ReadChunksOptions, readChatCompletions, readResponses, relay } from "steadystream/openai"
import { describe, expect, test } from "vitest"
import { all, chat, events, STOP } from "../../support/streams.ts"

const completed = (output: unknown[] = []) => ({
  type: "response.completed",
  response: { id: "resp_1", status: "completed", output },
})

describe("heartbeats", () => {
  const CREATED = { type: "response.created", response: { id: "resp_1", status: "in_progress" } }
  const DELTA = { type: "response.output_text.delta", output_index: 0, delta: "Hello" }
  type Read = (beat: string, options: ReadChunksOptions) => Promise<[text: unknown, chunks: number]>
  const readers: [string, Read][] = [
    [
      "readChatCompletions()",
      async (beat, options) => {
        const chunks = readChatCompletions(
          events(chat({ content: "Hel" })) + beat + events(chat({ content: "lo" })) + STOP,
          options,
        )
        const count = (await all(chunks)).length
        return [chunks.snapshot.choices[0]!.content, count]
      },
    ],
    [
      "readResponses()",
      async (beat, options) => {
        const chunks = readResponses(events(CREATED) + beat + events(DELTA, completed()), options)
        const count = (await all(chunks)).length
        return [chunks.snapshot.text, count]
      },
    ],
    [
      "relay()",
      async (beat, options) => {
        const answer = relay(events(chat({ content: "Hel" })) + beat + events(chat({ content: "lo" })) + STOP, options)
        const sent = await all(readEvents(answer.toReadableStream()))
        const { reason, error } = await answer.ended
        if (reason === "error") throw error
        return [answer.snapshot.choices[0]!.content, sent.filter(({ data }) => data !== "[DONE]").length]
      },
    ],
  ]
  const beats = [
    ["an event ping with the data ping", "event: ping\ndata: ping\n\n"],
    ["an event ping with a date", "event: ping\ndata: 2026-11-28T12:00:00Z\n\n"],
    ["an event ping with {}", "event: ping\ndata: {}\n\n"],
    ["an event keepalive with text", "event: keepalive\ndata: alive\n\n"],
    ["an event heartbeat with {}", "event: heartbeat\ndata: {}\n\n"],
    ["an event PING with text", "event: PING\ndata: alive\n\n"],
    ["an event Keep-Alive with {}", "event: Keep-Alive\ndata: {}\n\n"],
    ["a payload of the type PING", 'data: {"type":"PING"}\n\n'],
    ["the data ping", "data: ping\n\n"],
    ["the data keep-alive", "data: keep-alive\n\n"],
    ["an empty array", "data: []\n\n"],
    ["null", "data: null\n\n"],
    ["a number", "data: 1\n\n"],
    ["a JSON string", 'data: "ping"\n\n'],
    ["a boolean", "data: true\n\n"],
  ] as const
  test.each(readers.flatMap(([name, read]) => beats.map(([what, beat]) => [name, what, beat, read] as const)))(
    "%s takes %s as a heartbeat",
    async (_name, _what, beat, read) => {
      const heard: Heartbeat[] = []
      expect(await read(beat, { onHeartbeat: (heartbeat) => heard.push(heartbeat) })).toEqual(["Hello", 3])
      expect(heard).toHaveLength(1)
    },
  )
  test.each(readers)("%s reports an event ping without data to onHeartbeat", async (_, read) => {
    const heard: Heartbeat[] = []
    await read("event: ping\n\n", { onHeartbeat: (heartbeat) => heard.push(heartbeat) })
    expect(heard).toHaveLength(1)
  })
})
