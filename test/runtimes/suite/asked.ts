/* What the runtime's own fetch does, asked once by a request. */
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

/** How long a fetch may take to resolve at the headers, in milliseconds. */
const HEAD_WAIT = 2_000

/** Whether fetch resolves when the headers of a response arrive, before the first byte of its body. */
export async function resolvesAtHeaders({ script, signal }: SuiteContext): Promise<boolean> {
  const { url } = await script([{ ending: "hold" }])
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), HEAD_WAIT)
  return fetch(url, { signal: AbortSignal.any([signal, late.signal]) })
    .then(
      () => true,
      () => false,
    )
    .finally(() => clearTimeout(timer))
}

/** Says what a runtime lacks whose fetch does not close the connection of a cancelled body. */
export const KEEPS_CONNECTION = "its fetch does not close the connection of a body that is cancelled"

/** How long the server may take to see that a connection was closed, in milliseconds. */
const CLOSE_WAIT = 2_000

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
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), CLOSE_WAIT)))
  const isClosed = await Promise.race([played.closed(1).then(() => true), late])
  clearTimeout(timer)
  stop.abort()
  return isClosed
}
