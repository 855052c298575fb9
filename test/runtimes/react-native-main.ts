/* What runs in a realm with the globals of React Native. */
import { defineEvents, encodeEvent, readEvents, SseError, SseParser, type SseSource } from "steadystream"
import { subscribe, type SubscribeOptions } from "steadystream/client"
import { EventSource } from "steadystream/eventsource"
import { readChatCompletions } from "steadystream/openai"
import { xhrFetch } from "../../examples/react-native/xhr-fetch.ts"

const retry = { initialDelay: 0, jitter: false } as const

/** The name, the code and the message of the error that `run` throws. */
async function failureOf(run: () => unknown): Promise<string> {
  try {
    await run()
    return "no failure"
  } catch (error) {
    const { name, message } = error as Error
    return `${name} ${SseError.is(error) ? error.code : ""} ${message}`
  }
}

export function parse(): string[] {
  const got: string[] = []
  const parser = new SseParser({ onEvent: ({ data }) => got.push(data) })
  for (const piece of encodeEvent({ data: "é", event: "a" })) parser.feed(piece)
  return got
}

export async function read(source: SseSource | PromiseLike<Response> = xhrFetch("https://example.com/")) {
  const got: string[] = []
  for await (const event of readEvents(await source)) got.push(event.data)
  return got
}

export function readPlatformFetch(): Promise<string> {
  return failureOf(async () => read(await fetch("https://example.com/")))
}

export function readFailure(source: SseSource): Promise<string> {
  return failureOf(() => read(source))
}

export async function readUntilAbort(): Promise<string> {
  const controller = new AbortController()
  const events = readEvents(await xhrFetch("https://example.com/"), { signal: controller.signal })
  await events.next()
  const waiting = failureOf(() => events.next())
  controller.abort()
  return waiting
}

/** The schema of the event never answers. */
export async function validateUntilAbort(): Promise<string> {
  const controller = new AbortController()
  const message = { "~standard": { version: 1, vendor: "test", validate: () => new Promise<never>(() => {}) } } as const
  const options = { signal: controller.signal, events: defineEvents({ message }) }
  const validated = failureOf(() => readEvents('data: "a"\n\n', options).next())
  await new Promise((resolve) => setTimeout(resolve))
  controller.abort()
  return validated
}

export async function follow(options: SubscribeOptions = {}): Promise<string[]> {
  const got: string[] = []
  const failure = await failureOf(() =>
    subscribe("http://my-api:3000/feed?a=1", { fetch: xhrFetch, retry, until: "end", ...options }).listen({
      onEvent: ({ data }) => got.push(data),
    }),
  )
  return [...got, failure]
}

export async function chat(): Promise<string[]> {
  const stream = readChatCompletions((signal) =>
    xhrFetch("https://example.com/", { method: "POST", body: "{}", signal }),
  )
  const got: string[] = []
  const failure = await failureOf(async () => {
    for await (const text of stream.textDeltas()) got.push(text)
  })
  return [...got, stream.response?.requestId ?? "", failure]
}

export async function cancelChat(): Promise<string> {
  const stream = readChatCompletions((signal) => xhrFetch("https://example.com/", { signal }))
  const collected = failureOf(() => stream.collect())
  await new Promise((resolve) => setTimeout(resolve))
  await stream.cancel()
  return collected
}

export function listen(): Promise<string[]> {
  return new Promise((resolve) => {
    const source = new EventSource("https://example.com/", { fetch: xhrFetch })
    source.addEventListener("message", (event) => {
      source.close()
      resolve([event.type, event.data as string, event.lastEventId, event.origin])
    })
  })
}

export function listenFailure(): Promise<string> {
  return failureOf(() => new EventSource("https://example.com/"))
}
