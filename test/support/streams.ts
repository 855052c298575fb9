/** The events of payloads: JSON of what is no string. */
export function events(...payloads: unknown[]): string {
  return payloads
    .map((payload) => `data: ${typeof payload === "string" ? payload : JSON.stringify(payload)}\n\n`)
    .join("")
}

/** A chunk of a chat completion with `delta` in its first choice. */
export function chat(delta: object | null, finish: string | null = null): Record<string, unknown> {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }],
  }
}

export const DONE = "data: [DONE]\n\n"
export const STOP: string = events(chat({}, "stop"))
export const HELLO: string = events(chat({ role: "assistant", content: "Hel" }), chat({ content: "lo" })) + STOP

/** A response with the content type of an event stream. */
export function eventStream(body: BodyInit | null, headers: Record<string, string> = {}): Response {
  return new Response(body, { headers: { "content-type": "text/event-stream", ...headers } })
}

/** All items of `source`. */
export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

/** An error with what the errors of this package may have. */
export type Thrown = Error & {
  readonly code: string
  readonly error: { readonly message: string; readonly raw: unknown }
  readonly partial: { readonly text: string }
  readonly json: unknown
  readonly retryAfter: unknown
}

/** The reason that `promise` rejects with. Fails if the promise resolves. */
export async function rejection<Failure = Thrown>(promise: PromiseLike<unknown>): Promise<Failure> {
  try {
    await promise
  } catch (error) {
    return error as Failure
  }
  throw new Error("The promise must reject, but it resolved")
}

/**
 * Settles like `promise`, or resolves with "pending" after `ms` of real time. What is due by then happens before, also in a
 * process that was stopped for longer.
 */
export async function within<T>(promise: PromiseLike<T>, ms = 20_000): Promise<T | "pending"> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<"pending">((resolve) => {
    timer = setTimeout(() => void settle(10).then(() => resolve("pending")), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits until pending promises have settled, and some turns of the event loop have passed. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
}

/** The CPU time that `run` takes, in milliseconds. */
export async function cpuTime(run: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await run()
  return process.cpuUsage(before).user / 1_000
}

/** An AbortSignal that counts its listeners. */
export function countedSignal(): { readonly controller: AbortController; readonly listeners: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  const held = new Set<unknown>()
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: AddEventListenerOptions | boolean,
  ) => {
    held.add(listener)
    addEventListener.call(signal, type, listener, options)
  }
  signal.removeEventListener = (
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: EventListenerOptions | boolean,
  ) => {
    held.delete(listener)
    removeEventListener.call(signal, type, listener, options)
  }
  return { controller, listeners: () => held.size }
}
