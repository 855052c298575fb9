/* `chat`: sends a request to an OpenAI-style API, writes the text as it arrives, and reports how the answer ended. */
import {
  type ChunkStream,
  type EndInfo,
  isChunkStreamError,
  readChatCompletions,
  readCompletions,
  readResponses,
} from "../openai/index.ts"
import type { Command } from "./command.ts"
import { OK } from "./exit-codes.ts"
import { HEADER_FLAG, requestOf, type RequestOptions } from "./request-options.ts"
import type { CommandArguments } from "./flags.ts"
import { count, size } from "./progress.ts"
import { explanationOf } from "./explanation.ts"
import type { Terminal } from "./terminal.ts"
import { UsageError } from "./usage-error.ts"
import { visibleJson, visibleLine, visibleText } from "./visible-text.ts"

type Read = (...given: Parameters<typeof readChatCompletions>) => ChunkStream<object, unknown>

const READERS: Readonly<Record<string, Read>> = {
  chat: readChatCompletions,
  completions: readCompletions,
  responses: readResponses,
}

export const CHAT: Command = {
  name: "chat",
  summary: "Sends a request to an OpenAI-style API and writes the text of the answer as it arrives.",
  operands: ["URL"],
  flags: {
    ...HEADER_FLAG,
    data: {
      type: "string",
      short: "d",
      value: "JSON",
      about: "The request; @FILE reads it from a file, @- from the input.",
    },
    dialect: { type: "string", value: "NAME", about: "chat, completions or responses. By default the URL decides." },
    json: { type: "boolean", about: "Writes the whole answer as JSON at its end, instead of its text." },
    timeout: { type: "string", value: "SECONDS", about: "Ends everything after this time." },
    idle: { type: "string", value: "SECONDS", about: "Fails after this time without an event: 300." },
  },
  run: async (given, terminal) => {
    const request = await chatRequestOf(given, terminal.signal)
    const stream = openAnswer(given, request, terminal)
    try {
      await (given.has("json") ? writeJson(stream, terminal) : writeText(stream, terminal))
      return OK
    } catch (error) {
      const explanation = explanationOf(error, request)
      if (explanation !== undefined) terminal.note(explanation)
      throw error
    } finally {
      reportEnd(await stream.ended, stream.snapshot as Snapshot, terminal)
    }
  },
}

/** The request, with `"stream": true` if its body has no member `stream`. */
async function chatRequestOf(given: CommandArguments, signal: AbortSignal): Promise<RequestOptions> {
  if (!given.has("data")) throw new UsageError('"--data" must be the request as JSON')
  const request = await requestOf(given, signal)
  const { body = "", headers } = request
  let value: unknown
  try {
    value = JSON.parse(typeof body === "string" ? body : new TextDecoder("utf-8", { fatal: true }).decode(body))
  } catch {
    // Below.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError('"--data" must be a JSON object')
  }
  if (!headers.has("accept")) headers.set("accept", "text/event-stream")
  return { ...request, body: JSON.stringify({ stream: true, ...value }) }
}

function openAnswer(
  given: CommandArguments,
  request: RequestOptions,
  { signal }: Terminal,
): ChunkStream<object, unknown> {
  const { url, method, headers, body = null } = request
  const name = given.text("dialect") ?? dialectOf(url)
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined
  if (read === undefined) throw new UsageError('"--dialect" must be chat, completions or responses')
  // A redirect is refused: the body and the key belong to this URL.
  const ask = (abort: AbortSignal) => fetch(url, { method, headers, body, signal: abort, redirect: "manual" })
  const timeouts = { total: given.seconds("timeout"), eventIdle: given.seconds("idle") }
  return read(ask, { signal, timeouts })
}

function dialectOf({ pathname }: URL): string {
  if (/\/responses\/?$/.test(pathname)) return "responses"
  return /\/completions\/?$/.test(pathname) && !/\/chat\/completions\/?$/.test(pathname) ? "completions" : "chat"
}

async function writeJson(stream: ChunkStream<object, unknown>, terminal: Terminal): Promise<void> {
  await terminal.write(`${visibleJson(await stream.collect(), 2)}\n`)
}

async function writeText(stream: ChunkStream<object, unknown>, terminal: Terminal): Promise<void> {
  let last = "\n"
  try {
    for await (const text of stream.textDeltas()) {
      await terminal.write(terminal.isInteractive ? visibleText(text) : text)
      last = text
    }
  } finally {
    if (!last.endsWith("\n") && terminal.isInteractive && !terminal.signal.aborted) await terminal.write("\n")
  }
}

/** The members of the snapshots that are reported. */
interface Snapshot {
  readonly choices?: readonly { readonly finishReason: string | null; readonly toolCalls?: readonly ToolCall[] }[]
  readonly items?: readonly (ToolCall & { readonly type: string })[]
  readonly status?: string | null
  readonly usage: Readonly<Record<string, unknown>> | null
}

interface ToolCall {
  readonly name?: string | null
  readonly arguments?: string | null
}

function reportEnd(info: EndInfo, snapshot: Snapshot, terminal: Terminal): void {
  const { reason, error, chunks, bytes, durationMs, connectMs, firstContentMs } = info
  const { dim, green, red, yellow } = terminal.errorColours
  const calls = snapshot.choices?.[0]?.toolCalls ?? snapshot.items?.filter(({ type }) => type === "function_call") ?? []
  for (const { name, arguments: input } of calls) {
    terminal.note(`tool call: ${visibleLine(`${name ?? ""}(${input ?? ""})`, 500)}`)
  }
  const finish = snapshot.choices?.[0]?.finishReason ?? snapshot.status ?? "unknown"
  const isWhole = error === undefined && reason !== "cancelled"
  const colour = isWhole ? green : reason === "cancelled" ? yellow : red
  const partial = !isWhole && isChunkStreamError(error) && chunks > 0 ? ", the text is not whole" : ""
  if (!isWhole && chunks === 0) return terminal.note(`${colour(reason)}: no chunk arrived in ${ms(durationMs)}`)
  terminal.note(
    `${colour(reason)}: finish reason ${visibleLine(finish, 50)}, ${count(chunks, "chunk")}, ${size(bytes)}${partial}`,
  )
  const times = [`headers ${ms(connectMs)}`, `first content ${ms(firstContentMs)}`, `total ${ms(durationMs)}`]
  terminal.note(dim(times.join(", ")))
  const { usage } = snapshot
  if (usage !== null) terminal.note(dim(`usage: ${usageLine(usage)}`))
}

function ms(value: number | null): string {
  return value === null ? "none" : `${Math.round(value)} ms`
}

function usageLine(usage: Readonly<Record<string, unknown>>): string {
  const numbers = Object.entries(usage).filter(([, value]) => typeof value === "number")
  return numbers.map(([name, value]) => `${visibleLine(name, 50)} ${Number(value)}`).join(", ") || "empty"
}
