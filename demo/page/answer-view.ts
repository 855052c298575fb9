import type { ChatSnapshot, ToolCallSnapshot } from "steadystream/openai"
import { appendPiece, find } from "./dom.ts"

/** The most pieces that fade in by themselves, and how many stay when older ones become plain text. */
const MAX_PIECES = 128
const KEPT_PIECES = 32
/** The most characters of an answer that the page shows, because an answer may never end. */
const MAX_TEXT = 8192

/** Shows an answer while it grows: its reasoning, its text and its tool calls. */
export class AnswerView {
  readonly #text: HTMLElement
  readonly #reasoning: HTMLElement
  readonly #reasoningText: HTMLElement
  readonly #calls: HTMLElement
  /** The element that shows the arguments of each call. */
  #inputs: HTMLElement[] = []
  #shown = { text: 0, reasoning: 0 }

  constructor(root: HTMLElement) {
    this.#text = find(root, ".answer")
    this.#reasoning = find(root, ".reasoning")
    this.#reasoningText = find(this.#reasoning, "p")
    this.#calls = find(root, ".calls")
  }

  clear(): void {
    this.#shown = { text: 0, reasoning: 0 }
    this.#inputs = []
    for (const element of [this.#text, this.#reasoningText, this.#calls]) element.replaceChildren()
    this.#reasoning.hidden = true
    this.#calls.hidden = true
  }

  /** Appends the parts of `snapshot` that are not shown yet. */
  update({ choices: [choice] }: ChatSnapshot): void {
    if (choice === undefined) return
    const { content, reasoning, toolCalls } = choice
    if (reasoning !== null && reasoning.length > this.#shown.reasoning) {
      this.#reasoning.hidden = false
      appendPiece(this.#reasoningText, reasoning.slice(this.#shown.reasoning))
      settle(this.#reasoningText)
      this.#shown.reasoning = reasoning.length
    }
    if (content !== null && content.length > this.#shown.text) {
      appendPiece(this.#text, content.slice(this.#shown.text))
      settle(this.#text)
      this.#shown.text = content.length
    }
    for (const [index, call] of toolCalls.entries()) this.#showCall(index, call)
  }

  #showCall(index: number, { id, name, arguments: input }: ToolCallSnapshot): void {
    const known = this.#inputs[index] ?? this.#addCall(name ?? "?", id ?? "")
    this.#inputs[index] = known
    const shown = known.textContent?.length ?? 0
    for (const piece of input.slice(shown).split(/(?<=,)/)) {
      appendPiece(known, piece)
      // JSON has no spaces, after which a line may end.
      if (piece.endsWith(",")) known.append(document.createElement("wbr"))
    }
    known.parentElement!.dataset["whole"] = String(isJson(input))
  }

  #addCall(name: string, id: string): HTMLElement {
    const item = document.createElement("li")
    const head = document.createElement("code")
    head.textContent = name
    const which = document.createElement("small")
    which.textContent = id.length > 12 ? `${id.slice(0, 9)}…` : id
    which.title = id
    const input = document.createElement("pre")
    item.append(head, which, input)
    this.#calls.append(item)
    this.#calls.hidden = false
    return input
  }
}

/** Turns the pieces that have faded in into plain text, and removes the start of a very long text. */
function settle(target: HTMLElement): void {
  if (target.children.length <= MAX_PIECES) return
  const range = document.createRange()
  range.setStart(target, 0)
  range.setEndBefore(target.children[target.children.length - KEPT_PIECES]!)
  const text = range.toString()
  range.deleteContents()
  target.prepend(text.length > MAX_TEXT ? `…${text.slice(-MAX_TEXT)}` : text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
