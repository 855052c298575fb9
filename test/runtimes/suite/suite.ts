/* The types of the suite, and what its cases use. Nothing in this folder uses a test runner or an API of one runtime. */
import { play, type PlayedScript, type Reply } from "../../eventsource/script.ts"

/** What one case came to. */
export interface SuiteResult {
  /** A row of the table. */
  readonly feature: string
  /** A sentence that is true of the package. */
  readonly name: string
  readonly outcome: "passed" | "failed" | "impossible"
  /** Why the case failed, or what the runtime lacks. */
  readonly reason?: string
  readonly milliseconds: number
}

/** Starts a server in the runtime itself. Its clients may be anywhere on the machine. */
export type Serve = (handler: (request: Request) => Response | Promise<Response>) => Promise<ServedHandler>

/** A server that {@link Serve} started. */
export interface ServedHandler {
  readonly origin: string
  close(): Promise<void>
}

/** The options of a run. */
export interface RunOptions {
  /** The first origin of the fixture server. */
  readonly origin: string
  /** Missing if the runtime cannot accept connections. */
  readonly serve?: Serve
  /** Runs only the features whose name contains this text. */
  readonly only?: string
}

/** What a case receives. */
export interface SuiteContext {
  /** Two origins of the fixture server. */
  readonly origins: readonly [string, string]
  /** Makes the fixture server play replies, which allow every origin to read them. */
  script(replies: readonly Reply[]): Promise<PlayedScript>
  /** Serves a handler until the end of the case, and returns its origin. The case is impossible if nothing can serve. */
  serve(handler: (request: Request) => Response | Promise<Response>): Promise<string>
  /** Calls `act` at the end of the case. */
  after(act: () => unknown): void
  /** Aborted at the end of the case. */
  readonly signal: AbortSignal
}

/** One case: its name is a sentence that is true of the package. It fails by throwing. */
export type SuiteCases = Readonly<Record<string, (context: SuiteContext) => Promise<void> | void>>

/** A row of the table. */
export interface Feature {
  readonly name: string
  readonly cases: SuiteCases
}

/** Thrown by a case that asked the runtime for something that it lacks. */
export class Impossible extends Error {}

/** Makes the case impossible if `has` is false. `reason` says what the runtime lacks. */
export function needs(has: boolean, reason: string): void {
  if (!has) throw new Impossible(reason)
}

const OPEN = { "access-control-allow-origin": "*", "access-control-expose-headers": "*" }

/** Makes the context of one case, and the function that ends it. */
export function contextOf(
  origins: readonly [string, string],
  serve: Serve | undefined,
): { context: SuiteContext; end(): Promise<void> } {
  const over = new AbortController()
  const cleanups: (() => unknown)[] = []
  const context: SuiteContext = {
    origins,
    signal: over.signal,
    after: (act) => void cleanups.push(act),
    script: (replies) =>
      play(
        origins,
        replies.map((reply) => ({ preflight: true, ...reply, headers: { ...OPEN, ...reply.headers } })),
        over.signal,
      ),
    serve: async (handler) => {
      if (serve === undefined) throw new Impossible("it cannot accept connections")
      const served = await serve(handler)
      cleanups.push(() => served.close())
      return served.origin
    },
  }
  const end = async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup()
    over.abort()
  }
  return { context, end }
}
