/* The scripted server's protocol as data, and its client, which uses `fetch` and no API of Node. */

/** A point at which the server waits for `pass()`. */
export const GATE = { gate: true } as const

/** A piece of a body: text, bytes, or a gate. */
export type Part = string | readonly number[] | typeof GATE

/** The response to one request. */
export interface Reply {
  /** 200 by default. 0 resets the connection before any byte is sent. */
  readonly status?: number
  /** `text/event-stream` by default. `null` sends none. */
  readonly type?: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** Played before the headers are sent. */
  readonly before?: readonly Part[]
  readonly body?: readonly Part[]
  /** What the server does after the body. */
  readonly ending?: "end" | "reset" | "hold"
  /** Whether a preflight gets an answer that allows it. */
  readonly preflight?: boolean
}

/** A request as the server saw it; header values have one character for each byte. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The time of the request, in milliseconds. */
  readonly at: number
}

/** A script that the server plays: the nth request gets the nth reply, later ones the last. */
export interface PlayedScript {
  /** The script's URL on the first origin. */
  readonly url: string
  /** The script's URL on the other origin. */
  readonly otherUrl: string
  /** Fulfils with the requests so far when there are `count` of them. Preflights are not listed. */
  readonly seen: (count?: number) => Promise<SeenRequest[]>
  /** Fulfils when `count` exchanges have ended, by either side. */
  readonly closed: (count: number) => Promise<void>
  /** Opens one gate. */
  readonly pass: () => Promise<void>
}

/** @param signal - Aborts the pending requests of the client. */
export async function play(
  origins: readonly [string, string],
  replies: readonly Reply[],
  signal: AbortSignal,
): Promise<PlayedScript> {
  const [origin, other] = origins
  const ask = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(`${origin}${path}`, { ...init, signal })
    return response.json()
  }
  const { key } = (await ask("/script", { method: "POST", body: JSON.stringify(replies) })) as { key: string }
  return {
    url: `${origin}/stream/${key}`,
    otherUrl: `${other}/stream/${key}`,
    seen: (count = 0) => ask(`/seen/${key}?count=${count}`) as Promise<SeenRequest[]>,
    closed: async (count) => void (await ask(`/closed/${key}?count=${count}`)),
    pass: async () => void (await ask(`/pass/${key}`, { method: "POST" })),
  }
}
