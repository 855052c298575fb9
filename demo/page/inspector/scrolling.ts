/** Scrolls a frame, and never the page, until the element is visible in it. */
export function scrollWithin(frame: HTMLElement, element: HTMLElement): void {
  const [outer, inner] = [frame.getBoundingClientRect(), element.getBoundingClientRect()]
  if (inner.top < outer.top + 8) frame.scrollTop += inner.top - outer.top - 8
  else if (inner.bottom > outer.bottom - 8) {
    frame.scrollTop += Math.min(inner.bottom - outer.bottom + 8, inner.top - outer.top - 8)
  }
}

/** Replaces the rows of a frame. If they only grow, it stays where its user scrolled to, or at its end. */
export function replaceRows(frame: HTMLElement, rows: readonly HTMLElement[], isGrowing: boolean): void {
  const { scrollTop, scrollHeight, clientHeight } = frame
  const isAtEnd = scrollHeight - scrollTop - clientHeight < 24
  frame.replaceChildren(...rows)
  if (isGrowing && isAtEnd) frame.scrollTop = frame.scrollHeight
  else frame.scrollTop = isGrowing ? scrollTop : 0
}
