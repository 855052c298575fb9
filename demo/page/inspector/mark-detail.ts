/* The details of what is selected or pointed at. */
import { find, setFact } from "../dom.ts"
import { hexOf, segmentsOf, utf8Of } from "./byte-text.ts"
import { shortTime } from "./descriptions.ts"
import type { Mark, Model } from "./model.ts"
import { relationOf } from "./relations.ts"

const NOTHING = "Point at the axis, a byte or an event, or move along the axis with the arrow keys."
const MAX_BYTES = 20_000

/** Shows one mark: when it happened, which bytes it has, and what they are. */
export function showDetail(root: HTMLElement, mark: Mark | undefined, model: Model | undefined): void {
  const content = find(root, "pre")
  const facts = mark === undefined || model === undefined ? ["–", "–", "–", "–", "–"] : factsOf(mark, model)
  for (const [index, name] of ["what", "at", "since", "bytes", "range"].entries()) setFact(root, name, facts[index]!)
  content.textContent = mark === undefined || model === undefined ? NOTHING : contentOf(mark, model)
}

function factsOf(mark: Mark, model: Model): string[] {
  const before = model.marks.findLast(({ lane, at, index }) => lane === mark.lane && index < mark.index && at < mark.at)
  const since = before === undefined ? "–" : shortTime(mark.at - before.at)
  const range = rangeOf(mark, model)
  const { chunks } = relationOf(model, mark)
  const block = model.lanes[mark.lane]?.blocks[mark.block ?? -1]
  const name =
    block?.kind === "event" ? `event ${mark.name}` : mark.kind === "chunk" ? `chunk ${mark.chunk}` : mark.name
  if (range === undefined) return [name, exactTime(mark.at), since, "–", "–"]
  const [from, to] = range
  const pieces = chunks.size > 1 ? `, in ${chunks.size} chunks` : ""
  return [name, exactTime(mark.at), since, `${to - from}${pieces}`, `${from} to ${to - 1}`]
}

function exactTime(ms: number): string {
  return `${Number(ms.toFixed(3))} ms`
}

function rangeOf({ lane, chunk, block }: Mark, { lanes }: Model): readonly [from: number, to: number] | undefined {
  const { [lane]: own } = lanes
  if (own === undefined || chunk === undefined) return undefined
  if (block !== undefined) return [own.blocks[block]!.from, own.blocks[block]!.to]
  const { from, bytes } = own.chunks[chunk]!
  return [from, from + bytes.length]
}

function contentOf(mark: Mark, { lanes }: Model): string {
  if (mark.kind === "event") {
    const { id, data } = lanes[mark.lane]!.blocks[mark.block!]!
    return id === undefined ? data : `id ${id}\n${data}`
  }
  if (mark.kind !== "chunk") return mark.text
  const bytes = lanes[mark.lane]!.chunks[mark.chunk!]!.bytes.subarray(0, MAX_BYTES)
  const text = segmentsOf(bytes).map((segment) => segment.text)
  return utf8Of(bytes) === undefined ? `${text.join("")}\n\nNot valid UTF-8 by itself:\n${hexOf(bytes)}` : text.join("")
}
