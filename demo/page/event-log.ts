/** What one row of a log shows. */
export interface LogEntry {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
  /** Whether the row is a note about the stream instead of an event. */
  readonly note?: boolean
}

const MAX_ROWS = 200
const COLUMNS = ["time", "event", "id", "data"] as const

/** A table of events, newest last. It scrolls to its end with each row, unless the user has scrolled away. */
export class EventLog {
  readonly #frame: HTMLElement
  readonly #rows: HTMLTableSectionElement
  readonly #empty: HTMLElement

  constructor(container: HTMLElement) {
    const label = container.dataset["label"] ?? "Events"
    const table = document.createElement("table")
    table.createCaption().textContent = label
    const head = table.createTHead().insertRow()
    for (const column of COLUMNS) {
      const cell = document.createElement("th")
      cell.scope = "col"
      cell.textContent = column
      head.append(cell)
    }
    this.#rows = table.createTBody()
    this.#frame = container
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
    const { scrollTop, scrollHeight, clientHeight } = this.#frame
    const follows = scrollHeight - scrollTop - clientHeight < 24
    const row = this.#rows.insertRow()
    if (entry.note === true) row.className = "note"
    const [time, ms] = timeOfDay(new Date())
    const fraction = document.createElement("span")
    fraction.textContent = `.${ms}`
    row.insertCell().append(time, fraction)
    for (const value of [entry.event, entry.id ?? "", entry.data]) {
      const cell = row.insertCell()
      cell.textContent = value
      cell.title = value
    }
    if (this.#rows.rows.length > MAX_ROWS) this.#rows.deleteRow(0)
    this.#empty.hidden = true
    if (follows) this.#frame.scrollTop = this.#frame.scrollHeight
  }

  note(event: string, data: string): void {
    this.add({ event, id: undefined, data, note: true })
  }

  clear(): void {
    this.#rows.replaceChildren()
    this.#empty.hidden = false
  }
}

function timeOfDay(date: Date): [time: string, ms: string] {
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0"))
  return [time.join(":"), String(date.getMilliseconds()).padStart(3, "0")]
}
