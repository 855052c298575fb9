/* Law: what the scripted server is told and asked, as data, and the client of it: `fetch` and nothing of Node's. */

/** What waits for `pass()`. */
export const GATE = { gate: true } as const

/** A piece of a body: text, bytes, or a gate. */
export type Part = string | readonly number[] | typeof GATE

/** What is answered to one request. */
export interface Reply {
  /** 200; 0 resets the connection before anything is sent. */
  readonly status?: number
  /** `text/event-stream`; `null` sends none. */
  readonly type?: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** Played before the headers are sent. */
  readonly before?: readonly Part[]
  readonly body?: readonly Part[]
  /** What follows the body: its end. */
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
  /** When, in milliseconds. */
  readonly at: number
}

/** A script that the server plays: the nth request gets the nth reply, later ones the last. */
export interface PlayedScript {
  /** Where it is played, on the first origin. */
  readonly url: string
  /** The same on the other origin. */
  readonly otherUrl: string
  /** The requests seen so far, once there are `count` of them; preflights are not listed. */
  readonly seen: (count?: number) => Promise<SeenRequest[]>
  /** Fulfils once `count` exchanges are over, whoever ended them. */
  readonly closed: (count: number) => Promise<void>
  /** Lets one gate pass. */
  readonly pass: () => Promise<void>
}

/** @param signal - Ends what is asked for and not answered. */
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
