import OpenAI, { APIError } from "openai"
import OpenAI6, { APIError as APIError6 } from "openai-6"
import { describe, expect, onTestFinished, test } from "vitest"
import { type AnswerDelta, type AnswerSource, chunkResponse, encodeError, relay } from "steadystream/openai"
import { failing, ManualSource, settle } from "../openai/writing/stream-reading.ts"
import { servers, type StartAnswerServer } from "./answer-server.ts"
import { ways } from "./written-answer.ts"
import { silenceReports } from "../support/silence-reports.ts"

silenceReports()

const MODEL = "parrot"
const MESSAGES = [{ role: "user" as const, content: "Hi" }]
const CHAT = { model: MODEL, messages: MESSAGES }
const RESPONSE = { model: MODEL, input: "Hi" }
const TEXT = "Hé\n\u2028“😀” data: [DONE]\r\n\r\n"
const USAGE = { inputTokens: 3, outputTokens: 5, reasoningTokens: 2 }
const ANSWER: readonly AnswerDelta[] = [{ reasoning: "Hm." }, ...Array.from(TEXT.match(/[^]{1,3}/g)!), { usage: USAGE }]
const CALLS: readonly AnswerDelta[] = [
  "One moment",
  { toolCall: { id: "call_1", name: "weather", arguments: '{"city":' } },
  { toolCall: { arguments: '"Oslo"}' } },
  { toolCall: { id: "call_2", name: "time", arguments: {} } },
]

const clientOf = (baseURL: string) => new OpenAI({ apiKey: "none", baseURL, maxRetries: 0 })
const oldClientOf = (baseURL: string) => new OpenAI6({ apiKey: "none", baseURL, maxRetries: 0 })

type Client = OpenAI | OpenAI6
const clients: readonly (readonly [string, (baseURL: string) => Client, typeof APIError | typeof APIError6])[] = [
  ["7.57.0", clientOf, APIError],
  ["6.49.0", oldClientOf, APIError6],
]

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe.each(servers)("on %s", (_, start) => {
  describe.each(ways)("%s", (way, write) => {
    const serve = (dialect: "chat" | "responses", source: () => AnswerSource, options?: object) =>
      start(() => write(dialect, source(), options))

    test.each(clients)(`${way} is read chunk by chunk by the official client %s`, async (__, open) => {
      const client = open(await serve("chat", () => ANSWER, { includeUsage: true })) as OpenAI
      const chunks = await collected(await client.chat.completions.create({ ...CHAT, stream: true }))
      expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(TEXT)
      expect(new Set(chunks.map(({ id, model, created }) => [id, model, created].join()))).toHaveProperty("size", 1)
      expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe("stop")
      expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 3, total_tokens: 8 } })
    })

    test.each(clients)(`${way} is read by the chat helper of the official client %s`, async (__, open) => {
      const client = open(await serve("chat", () => ANSWER)) as OpenAI
      const stream = client.chat.completions.stream(CHAT)
      let text = ""
      stream.on("content", (delta) => void (text += delta))
      const completion = await stream.finalChatCompletion()
      expect(text).toBe(TEXT)
      expect(completion).toMatchObject({
        id: "chatcmpl-1",
        object: "chat.completion",
        model: MODEL,
        choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: TEXT } }],
        usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
      })
    })

    test(`${way} has its tool calls read by the chat helper`, async () => {
      const client = clientOf(await serve("chat", () => CALLS))
      const completion = await client.chat.completions.stream(CHAT).finalChatCompletion()
      expect(completion.choices[0]).toMatchObject({
        finish_reason: "tool_calls",
        message: {
          content: "One moment",
          tool_calls: [
            { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
            { id: "call_2", type: "function", function: { name: "time", arguments: "{}" } },
          ],
        },
      })
    })

    test(`${way} is read by the runner of the official client, which calls the tool and sends a second request`, async () => {
      const baseURL = await start(({ body }) => {
        const answered = body.messages!.some(({ role }) => role === "tool")
        return write("chat", answered ? "It rains" : CALLS.slice(0, 3))
      })
      const asked: unknown[] = []
      const weather = {
        name: "weather",
        description: "The weather in a city",
        parameters: { type: "object", properties: { city: { type: "string" } } },
        parse: (json: string) => JSON.parse(json) as { city: string },
        function: (args: { city: string }) => {
          asked.push(args)
          return "rain"
        },
      }
      const tools = [{ type: "function" as const, function: weather }]
      const runner = clientOf(baseURL).chat.completions.runTools({ ...CHAT, stream: true, tools })
      expect(await runner.finalContent()).toBe("It rains")
      expect(asked).toEqual([{ city: "Oslo" }])
    })

    test.each(clients)(`${way} is read event by event by the official client %s as a response`, async (__, open) => {
      const client = open(await serve("responses", () => ANSWER)) as OpenAI
      const events = await collected(await client.responses.create({ ...RESPONSE, stream: true }))
      expect(events.map((event) => event.sequence_number)).toEqual(events.map((___, index) => index))
      const text = events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("")
      expect(text).toBe(TEXT)
      expect(events.at(-1)!.type).toBe("response.completed")
    })

    test.each(clients)(`${way} is read by the responses helper of the official client %s`, async (__, open) => {
      const client = open(await serve("responses", () => [...ANSWER, ...CALLS.slice(1)])) as OpenAI
      const response = await client.responses.stream(RESPONSE).finalResponse()
      expect(response).toMatchObject({
        status: "completed",
        output_text: TEXT,
        output: [
          { type: "reasoning", content: [{ type: "reasoning_text", text: "Hm." }] },
          { type: "message", role: "assistant", content: [{ type: "output_text", text: TEXT }] },
          { type: "function_call", call_id: "call_1", name: "weather", arguments: '{"city":"Oslo"}' },
          { type: "function_call", call_id: "call_2", name: "time", arguments: "{}" },
        ],
        usage: { input_tokens: 3, output_tokens: 5, total_tokens: 8 },
      })
    })

    test.each(clients)(
      `${way} becomes an APIError of the official client %s if its source throws`,
      async (__, open, Expected) => {
        for (const dialect of ["chat", "responses"] as const) {
          const client = open(await serve(dialect, () => failing(["Hé"], new Error("secret")))) as OpenAI
          const request =
            dialect === "chat"
              ? client.chat.completions.create({ ...CHAT, stream: true })
              : client.responses.create({ ...RESPONSE, stream: true })
          const chunks: unknown[] = []
          const error: unknown = await (async () => {
            for await (const chunk of await request) chunks.push(chunk)
          })().catch((thrown: unknown) => thrown)
          expect(error).toBeInstanceOf(Expected)
          expect(error).toMatchObject({ type: "server_error", code: "internal_error" })
          expect(String(error)).not.toContain("secret")
          expect(JSON.stringify(chunks)).toContain("Hé")
        }
      },
    )

    test(`${way} fails the helpers of the official client if its source throws`, async () => {
      const chat = clientOf(await serve("chat", () => failing(["Hé"], new Error("secret"))))
      await expect(chat.chat.completions.stream(CHAT).finalChatCompletion()).rejects.toMatchObject({
        code: "internal_error",
      })
      const responses = clientOf(await serve("responses", () => failing(["Hé"], new Error("secret"))))
      await expect(responses.responses.stream(RESPONSE).finalResponse()).rejects.toMatchObject({
        code: "internal_error",
      })
    })

    test(`${way} returns its source when the official client aborts`, async () => {
      const source = new ManualSource<string>()
      const client = clientOf(await serve("chat", () => source))
      const stream = await client.chat.completions.create({ ...CHAT, stream: true })
      for await (const chunk of stream) {
        expect(chunk.choices[0]!.delta.role).toBe("assistant")
        stream.controller.abort()
      }
      await expect.poll(() => source.returned).toBe(1)
    })
  })
})

async function relaying(start: StartAnswerServer, provider: Response): Promise<OpenAI> {
  return clientOf(await start(() => relay(provider)))
}

describe("relay()", () => {
  test.each(servers)(
    "relay() forwards a provider's error to the official client unchanged, on %s",
    async (_, start) => {
      const refusal = encodeError({
        message: "Slow down",
        type: "rate_limit_error",
        code: "rate_limit_exceeded",
        param: null,
      })
      const client = await relaying(start, new Response(refusal, { headers: { "content-type": "text/event-stream" } }))
      const error: unknown = await collected(await client.chat.completions.create({ ...CHAT, stream: true })).catch(
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(APIError)
      expect(error).toMatchObject({
        type: "rate_limit_error",
        code: "rate_limit_exceeded",
        error: { message: "Slow down" },
      })
    },
  )

  test.each(servers)("relay() fails the official client if the provider's answer is cut, on %s", async (_, start) => {
    const cut =
      'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
    const client = await relaying(start, new Response(cut, { headers: { "content-type": "text/event-stream" } }))
    await expect(collected(await client.chat.completions.create({ ...CHAT, stream: true }))).rejects.toMatchObject({
      code: "truncated",
    })
  })

  test("relay() aborts a provider's request over the network when the official client leaves", async () => {
    const [[, start]] = servers as [(typeof servers)[0]]
    const source = new ManualSource<object>()
    const providerURL = await start(() => chunkResponse(source))
    const abort = new AbortController()
    onTestFinished(() => abort.abort())
    let signalled: AbortSignal | undefined
    const relayURL = await start(({ body }) =>
      relay((signal) => {
        signalled = signal
        return fetch(`${providerURL}/chat/completions`, { method: "POST", body: JSON.stringify(body), signal })
      }),
    )
    const asking = clientOf(relayURL).chat.completions.create({ ...CHAT, stream: true }, { signal: abort.signal })
    await expect.poll(() => source.asked).toBe(1)
    const stream = await asking
    source.send({ choices: [] })
    for await (const chunk of stream) {
      expect(chunk.choices).toEqual([])
      stream.controller.abort()
    }
    await settle()
    await expect.poll(() => source.returned).toBe(1)
    expect(signalled!.aborted).toBe(true)
  })
})
