/** Returns the element that `selector` names, and throws an Error if the page has none. */
export function find(root: ParentNode, selector: string): HTMLElement
export function find<T extends Element>(root: ParentNode, selector: string, type: new () => T): T
export function find(root: ParentNode, selector: string, type: new () => Element = HTMLElement): Element {
  const found = root.querySelector(selector)
  if (!(found instanceof type)) throw new Error(`Cannot find element: the page must have ${selector}`)
  return found
}

/** Calls `run` at each click on the button with this `data-action` while the button is available. */
export function onAction(root: ParentNode, action: string, run: () => void): HTMLButtonElement {
  const button = find(root, `[data-action="${action}"]`, HTMLButtonElement)
  button.addEventListener("click", () => {
    if (isAvailable(button)) run()
  })
  return button
}

/** Sets whether a control can be used. Why not `disabled`: a disabled control loses the focus. */
export function setAvailable(control: HTMLElement, available: boolean): void {
  control.setAttribute("aria-disabled", String(!available))
}

export function isAvailable(control: HTMLElement): boolean {
  return control.getAttribute("aria-disabled") !== "true"
}

/** Shows `text` as the fact of this name. */
export function setFact(root: ParentNode, fact: string, text: string): void {
  const element = find(root, `[data-fact="${fact}"]`)
  if (element.textContent !== text) element.textContent = text
}

/** The states of a connection and its ends, as {@link setState} shows them. */
export type ShownState = "idle" | "connecting" | "open" | "waiting" | "done" | "closed" | "cancelled" | "failed"

/** Shows the state of a panel or reader in its badge, and sets it on the element for the style sheet. */
export function setState(root: HTMLElement, state: ShownState, label: string = state): void {
  const badge = find(root, ".badge")
  root.dataset["state"] = state
  badge.dataset["state"] = state
  badge.textContent = label
}

/** Shows the outcome of a run; `""` while it is running. */
export function setOutcome(root: ParentNode, text: string, kind: "good" | "bad" | "neutral" = "neutral"): void {
  const outcome = find(root, ".outcome")
  outcome.dataset["kind"] = kind
  // Only if it changed, because a screen reader announces a status each time it is set.
  if (outcome.textContent !== text) outcome.textContent = text
}

/** Adds a word or token that fades in, and returns its element. */
export function appendPiece(target: HTMLElement, text: string): HTMLElement {
  const piece = document.createElement("span")
  piece.textContent = text
  target.append(piece)
  return piece
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
