/* An append as the arguments of its script, and its reply. */
import {
  formatCursor,
  type LogEnd,
  type SizedText,
  type StoreAppended,
  type StoreAppendOptions,
  SseStoreError,
} from "../server/store/index.ts"
import type { WaitingAppend } from "./append-queue.ts"

export interface AppendCall extends WaitingAppend {
  readonly count: number
  readonly options: StoreAppendOptions
  readonly since: number
  /** The arguments of its entries. */
  readonly entries: readonly string[]
}

/** An entry has no more than this, so that a page does not read much more than it returns. */
const ENTRY_EVENTS = 100
const ENTRY_BYTES = 65_536

export function appendCall(texts: readonly SizedText[], options: StoreAppendOptions, since: number): AppendCall {
  const { lease, dedupe, end, mustExist, signal } = options
  let producer = dedupe === undefined ? "" : `:${dedupe.producer}`
  const entries: string[] = []
  for (const group of groupsOf(texts)) {
    const lengths = group.map((text) => text.length).join(",")
    entries.push(producer, String(dedupe?.seq ?? ""), String(group.length), lengths, group.join(""))
    producer = "+"
  }
  return {
    isPlain: lease === undefined && end === undefined && mustExist !== true,
    bytes: texts.reduce((sum, text) => sum + text.bytes, 0),
    signal,
    count: texts.length,
    options,
    since,
    entries,
  }
}

/** Groups the texts of one append into entries; an append without texts has one without texts. */
function groupsOf(texts: readonly SizedText[]): string[][] {
  const groups: string[][] = [[]]
  let bytes = 0
  for (const text of texts) {
    const group = groups.at(-1)!
    bytes += text.bytes
    if (group.length > 0 && (group.length === ENTRY_EVENTS || bytes > ENTRY_BYTES)) {
      groups.push([text.text])
      bytes = text.bytes
    } else group.push(text.text)
  }
  return groups
}

/** The arguments of a script that stores appends, which are one or plain. */
export function appendArguments(calls: readonly AppendCall[]): string[] {
  const { lease, end, mustExist } = calls[0]!.options
  return [
    lease ?? "",
    end?.status ?? "",
    detailText(end),
    mustExist === true ? "1" : "",
    ...calls.flatMap(({ entries }) => entries),
  ]
}

/** A detail as JSON, which has no line break and also holds halves of surrogate pairs. */
export function detailText(end: Pick<LogEnd, "detail"> | undefined): string {
  return end?.detail === undefined ? "" : JSON.stringify(end.detail)
}

/** Reads the reply of the script. */
export function readAppended(reply: readonly string[], calls: readonly AppendCall[]): (StoreAppended | Error)[] {
  const [, epoch = ""] = reply
  return calls.map(({ count }, at) => {
    const [done = "", from = "", total] = reply.slice(2 + 3 * at)
    const cursors = (length: number) =>
      Array.from({ length }, (_, index) => formatCursor(epoch, Number(from) + 1 + index))
    if (done === "stored") return { cursors: cursors(count), duplicate: false }
    if (done === "again") return { cursors: from === "" ? [] : cursors(Number(total)), duplicate: true }
    return done === "nothing" ? { cursors: [], duplicate: false } : refusalOf(done)
  })
}

function refusalOf(done: string): SseStoreError {
  if (done === "lease") return new SseStoreError("Cannot append: the lease is no longer valid", "fenced")
  if (done === "absent") return new SseStoreError("Cannot append: the log does not exist", "ended")
  if (done === "producer") {
    return new SseStoreError("Cannot append: the log has a producer, and the append has no lease", "fenced")
  }
  return new SseStoreError(`Cannot append: the log has ended as ${done}`, "ended")
}
