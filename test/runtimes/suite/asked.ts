/* What the runtime's own fetch does, asked once by a request. */
import { limited } from "../../eventsource/behaviour.ts"
import type { SuiteContext } from "./suite.ts"

/** Says what a runtime lacks whose fetch does not send the bytes of a header as they are. */
export const ENCODES_HEADERS = "its fetch encodes the characters of a header again, as UTF-8"

let bytes: Promise<boolean> | undefined

/** Whether a header is sent with one byte for each of its characters, or as the UTF-8 bytes of any text. */
export function sendsHeaderBytes(context: SuiteContext): Promise<boolean> {
  return (bytes ??= ask(context))
}

async function ask({ script, signal }: SuiteContext): Promise<boolean> {
  const { url, seen } = await script([{}])
  const latin1 = { "last-event-id": "\u00c3\u00a9" }
  await fetch(url, { headers: latin1, signal })
  const sent = (await seen(1))[0]!.headers["last-event-id"]
  return sent === "\u00c3\u00a9" || takesAnyText()
}

function takesAnyText(): boolean {
  try {
    return new Headers({ a: "\u0100" }).has("a")
  } catch {
    return false
  }
}

/** Whether fetch resolves when the headers of a response arrive, before the first byte of its body. */
export async function resolvesAtHeaders({ script, signal }: SuiteContext): Promise<boolean> {
  const { url } = await script([{ ending: "hold" }])
  const stop = new AbortController()
  const isEarly = await happens(fetch(url, { signal: AbortSignal.any([signal, stop.signal]) }))
  stop.abort()
  return isEarly
}

/** Says what a runtime lacks whose fetch does not close the connection of a cancelled body. */
export const KEEPS_CONNECTION = "its fetch does not close the connection of a body that is cancelled"

let closing: Promise<boolean> | undefined

/** Whether the connection of a response is closed when its body is cancelled. */
export function closesCancelledBodies(context: SuiteContext): Promise<boolean> {
  return (closing ??= askForClose(context))
}

async function askForClose({ script, signal }: SuiteContext): Promise<boolean> {
  const played = await script([{ body: ["data: a\n\n"], ending: "hold" }])
  const stop = new AbortController()
  const { body } = await fetch(played.url, { signal: AbortSignal.any([signal, stop.signal]) })
  const reader = body!.getReader()
  await reader.read()
  await reader.cancel()
  const isClosed = await happens(played.closed(1))
  stop.abort()
  return isClosed
}

/** How long what is asked for may take, in milliseconds. */
const WAIT = 2_000

function happens(what: Promise<unknown>): Promise<boolean> {
  return limited(what, WAIT).then(
    () => true,
    () => false,
  )
}
