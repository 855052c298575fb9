/** What one row of a log shows. */
export interface LogEntry {
  readonly event: string
  readonly id?: string | undefined
  readonly data: string
  /** Whether the row is a note about the stream instead of an event. */
  readonly note?: boolean
}

type Column = "time" | "event" | "id" | "data"

const MAX_ROWS = 200
const ALL_COLUMNS: readonly Column[] = ["time", "event", "id", "data"]
/** The columns of a log whose events have no ID. */
export const COLUMNS_WITHOUT_ID: readonly Column[] = ["time", "event", "data"]

/** A table of events, newest last. It scrolls to its end with each row, unless the user has scrolled away. */
export class EventLog {
  readonly #frame: HTMLElement
  readonly #columns: readonly Column[]
  readonly #rows: HTMLTableSectionElement
  readonly #empty: HTMLElement
  /** Whether the log scrolls to its end before the next frame. */
  #scrolls = false

  constructor(container: HTMLElement, columns: readonly Column[] = ALL_COLUMNS) {
    this.#frame = container
    this.#columns = columns
    const label = container.dataset["label"] ?? "Events"
    const table = tableOf(label, columns)
    this.#rows = table.createTBody()
    this.#empty = document.createElement("p")
    this.#empty.className = "empty"
    this.#empty.textContent = "Events appear here when they arrive."
    // Focusable, so that the keyboard can scroll it. Not a live region, because a screen reader could not keep up.
    container.tabIndex = 0
    container.setAttribute("role", "region")
    container.setAttribute("aria-label", label)
    container.append(table, this.#empty)
  }

  add(entry: LogEntry): void {
    this.#follow()
    const row = this.#rows.insertRow()
    if (entry.note === true) row.className = "note"
    for (const column of this.#columns) {
      if (column === "id" && entry.note === true) continue
      const cell = row.insertCell()
      if (column === "time") cell.append(...timeOfDay(new Date()))
      else showText(cell, entry[column] ?? "")
    }
    // A note has no ID, so its text also takes that column.
    row.cells[row.cells.length - 1]!.colSpan = this.#columns.length - row.cells.length + 1
    if (this.#rows.rows.length > MAX_ROWS) this.#rows.deleteRow(0)
    this.#empty.hidden = true
  }

  /** Scrolls to the end once per frame: each measure of the frame makes the browser lay out the page. */
  #follow(): void {
    if (this.#scrolls) return
    const { scrollTop, scrollHeight, clientHeight } = this.#frame
    if (scrollHeight - scrollTop - clientHeight >= 24) return
    this.#scrolls = true
    requestAnimationFrame(() => {
      this.#scrolls = false
      this.#frame.scrollTop = this.#frame.scrollHeight
    })
  }

  note(event: string, data: string): void {
    this.add({ event, data, note: true })
  }

  clear(): void {
    this.#rows.replaceChildren()
    this.#empty.hidden = false
  }
}

function tableOf(label: string, columns: readonly Column[]): HTMLTableElement {
  const table = document.createElement("table")
  table.createCaption().textContent = label
  const head = table.createTHead().insertRow()
  for (const column of columns) {
    const cell = document.createElement("th")
    cell.scope = "col"
    cell.className = column
    cell.textContent = column
    head.append(cell)
  }
  return table
}

/** Shows `text`. If it is JSON and does not fit on one line, it continues on the next one between two members. */
function showText(cell: HTMLElement, text: string): void {
  cell.title = text
  for (const piece of text.split(/(?<=":)|(?<=[{,])(?=")/)) cell.append(piece, document.createElement("wbr"))
}

/** Returns the time in three parts. A narrow screen has room for the second one only: minutes, seconds and tenths. */
function timeOfDay(date: Date): (Node | string)[] {
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => padded(part))
  const ms = padded(date.getMilliseconds(), 3)
  return [optional(`${hours}:`), `${minutes}:${seconds}.${ms[0]}`, optional(ms.slice(1))]
}

function padded(value: number, length = 2): string {
  return String(value).padStart(length, "0")
}

function optional(text: string): HTMLElement {
  const part = document.createElement("span")
  part.textContent = text
  return part
}
