/*
 * Defines behaviours and runs them in any realm. It uses no test framework and no API of only Node or only a page.
 * A behaviour that does not hold throws.
 */
import { GATE, play, type PlayedScript, type Reply } from "./script.ts"

type EventSourceClass = typeof globalThis.EventSource

/**
 * Features that a realm may lack: a base URL, CORS, cookies, a document, reports of uncaught errors, URLs of blobs, events
 * without a currentTarget after their dispatch, a fetch that resolves at the headers, and one that sends the bytes of a
 * header as they are.
 */
export type Need =
  | "base"
  | "no base"
  | "cors"
  | "cookies"
  | "document"
  | "reportError"
  | "blob URLs"
  | "ending dispatch"
  | "early headers"
  | "header bytes"

/** The class under test and its realm. */
export type Subject = "ours in Node" | "ours in Bun" | "ours in Deno" | "ours in Chromium" | "native Chromium"

/** Excuses our class everywhere from a behaviour that no script can have. */
export function oursEverywhere(excuse: string): Partial<Record<Subject, string>> {
  return Object.fromEntries(["Node", "Bun", "Deno", "Chromium"].map((place) => [`ours in ${place}`, excuse]))
}

export interface Behaviour {
  readonly area: string
  /** A sentence that is true of the class. */
  readonly name: string
  readonly needs?: readonly Need[]
  /** Why the behaviour does not hold for a subject. A behaviour that holds in spite of its excuse fails. */
  readonly excuses?: Readonly<Partial<Record<Subject, string>>>
  run(context: Context): Promise<void> | void
}

export interface Context {
  readonly EventSource: EventSourceClass
  readonly origins: readonly [string, string]
  readonly script: (replies: readonly Reply[]) => Promise<PlayedScript>
  /** A new EventSource, which is closed at the end. */
  readonly connect: (url: string | URL, init?: EventSourceInit) => EventSource
  /** Fulfils after a delay in which every pending reconnection of at most 100 ms has happened. */
  readonly afterReconnection: () => Promise<void>
}

export interface Outcome {
  readonly area: string
  readonly name: string
  readonly outcome: "passed" | "failed" | "excused" | "absent"
  readonly detail?: string
  /** How long it took, in milliseconds. */
  readonly ms?: number
}

export interface RunOptions {
  readonly EventSource: EventSourceClass
  readonly origins: readonly [string, string]
  readonly subject: Subject
  readonly offers: readonly Need[]
}

const TIME_LIMIT = 20_000

export async function runBehaviour(behaviour: Behaviour, options: RunOptions): Promise<Outcome> {
  const { area, name, needs = [], excuses } = behaviour
  if (needs.some((need) => !options.offers.includes(need))) return { area, name, outcome: "absent" }
  const excuse = excuses?.[options.subject]
  const opened: EventSource[] = []
  const over = new AbortController()
  try {
    await limited(behaviour.run(contextOf(options, opened, over.signal)), excuse === undefined ? TIME_LIMIT : 2_000)
    return excuse === undefined
      ? { area, name, outcome: "passed" }
      : { area, name, outcome: "failed", detail: `it holds, so its excuse is stale: ${excuse}` }
  } catch (error) {
    return excuse === undefined
      ? { area, name, outcome: "failed", detail: String(error) }
      : { area, name, outcome: "excused", detail: excuse }
  } finally {
    for (const source of opened) source.close()
    over.abort()
  }
}

export async function runBehaviours(behaviours: readonly Behaviour[], options: RunOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const behaviour of behaviours) {
    const start = performance.now()
    outcomes.push({ ...(await runBehaviour(behaviour, options)), ms: Math.round(performance.now() - start) })
  }
  return outcomes
}

/** A reply whose body begins with a comment, for a fetch that resolves at the first byte. */
function withFirstByte(reply: Reply): Reply {
  const { status = 200, body = [], ending } = reply
  const [first = GATE] = body
  return status === 200 && ending === "hold" && first === GATE ? { ...reply, body: [":\n", ...body] } : reply
}

function contextOf({ EventSource, origins, offers }: RunOptions, opened: EventSource[], signal: AbortSignal): Context {
  const hasEarlyHeaders = offers.includes("early headers")
  const context: Context = {
    EventSource,
    origins,
    script: (replies) => play(origins, hasEarlyHeaders ? replies : replies.map(withFirstByte), signal),
    connect: (url, init) => {
      const source = init === undefined ? new EventSource(url) : new EventSource(url, init)
      opened.push(source)
      return source
    },
    afterReconnection: async () => {
      const script = await context.script([{ body: ["retry: 200\n\n"] }, { ending: "hold" }])
      const source = context.connect(script.url)
      await script.seen(2)
      source.close()
    },
  }
  return context
}

/** Fulfils as `run` does. Rejects if that takes longer than `ms`. */
export async function limited(run: Promise<unknown> | void, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not settle within ${ms} ms`)), ms)
  })
  try {
    await Promise.race([run, expiry])
  } finally {
    clearTimeout(timer)
  }
}

/** The events that a source fires, in order. */
export interface Recording {
  readonly events: readonly Event[]
  /** For each event its type, the state when it fired and its data, if any: `"message 1 hello"`. */
  readonly lines: readonly string[]
  /** Fulfils with the lines when there are `count` of them. */
  readonly atLeast: (count: number) => Promise<readonly string[]>
}

export function record(source: EventSource, types: readonly string[] = ["open", "message", "error"]): Recording {
  const events: Event[] = []
  const lines: string[] = []
  const waits = new Set<() => void>()
  const onEvent = (event: Event) => {
    const data = event instanceof MessageEvent ? ` ${String(event.data)}` : ""
    events.push(event)
    lines.push(`${event.type} ${source.readyState}${data}`)
    for (const wait of waits) wait()
  }
  for (const type of types) source.addEventListener(type, onEvent)
  return {
    events,
    lines,
    atLeast: (count) =>
      new Promise((resolve) => {
        const wait = () => {
          if (lines.length < count) return
          waits.delete(wait)
          resolve(lines)
        }
        waits.add(wait)
        wait()
      }),
  }
}

/** The next event of a type. */
export function next<Type extends Event = MessageEvent<string>>(source: EventTarget, type = "message"): Promise<Type> {
  return new Promise((resolve) => source.addEventListener(type, (event) => resolve(event as Type), { once: true }))
}

export function equal(actual: unknown, expected: unknown, what = "it"): void {
  if (Object.is(actual, expected)) return
  const [is, must] = [actual, expected].map((value) =>
    typeof value === "object" ? JSON.stringify(value) : String(value),
  )
  if (typeof actual === "object" && typeof expected === "object" && is === must) return
  throw new Error(`${what} must be ${must}, not ${is}`)
}

export function ok(condition: boolean, what: string): void {
  if (!condition) throw new Error(`must hold: ${what}`)
}

/** The error that `act` throws, which must have the name. */
export function throws(name: string, act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    equal((error as Error).name, name, "the error")
    return error as Error
  }
  throw new Error(`must throw a ${name}`)
}
