import type { Subscription } from "steadystream/client"
import { appendPiece, find, onAction, setFact, setOutcome, setState } from "./dom.ts"
import { EventLog } from "./event-log.ts"
import { pace } from "./pace.ts"
import { tape } from "./tape.ts"
import type { Wire } from "./wire.ts"

/** Longer than the server's `retry: 500`, so that a second request would arrive in this time. */
const WATCH_MS = 2500 / pace
const WATCH_EVERY_MS = 500 / pace

/** One of the two readers of the sentence. */
class Reader {
  readonly root: HTMLElement
  readonly log: EventLog
  /** The key by which the server counts the requests of this run. */
  key = ""

  constructor(root: HTMLElement) {
    this.root = root
    this.log = new EventLog(find(root, ".log"))
  }

  begin(): string {
    this.key = crypto.randomUUID()
    this.log.clear()
    find(this.root, ".words").replaceChildren()
    setOutcome(this.root, "")
    setFact(this.root, "requests", "0")
    setFact(this.root, "attempts", "1")
    setFact(this.root, "id", "none")
    setState(this.root, "connecting")
    return `/stream?reader=${this.key}`
  }

  word(event: string, id: string, data: string): void {
    if (this.root.dataset["state"] !== "open") void this.#countRequests()
    setState(this.root, "open")
    this.log.add({ event, id, data })
    if (data === "[DONE]") return
    setFact(this.root, "id", id)
    appendPiece(find(this.root, ".words"), /^[,.]$/.test(data) ? data : ` ${data}`)
  }

  /** Shows the server's count until a second request would have arrived. */
  async watchRequests(): Promise<void> {
    const { key } = this
    setOutcome(this.root, "Ended at [DONE]. Checking that no second request follows…")
    let requests = await this.#countRequests()
    for (let waited = 0; waited < WATCH_MS && this.key === key; waited += WATCH_EVERY_MS) {
      await new Promise((resolve) => setTimeout(resolve, WATCH_EVERY_MS))
      requests = await this.#countRequests()
    }
    // The user has started another run, which shows its own outcome.
    if (this.key !== key) return
    if (requests === undefined) setOutcome(this.root, "Ended at [DONE]. The server no longer answers.", "bad")
    else if (requests === 1) setOutcome(this.root, "Ended at [DONE]. No second request followed.", "good")
    else setOutcome(this.root, `The server received ${requests} requests.`, "bad")
  }

  fail(message: string): void {
    setState(this.root, "failed")
    setOutcome(this.root, message, "bad")
  }

  /** Returns the server's count, or `undefined` if the server does not answer. */
  async #countRequests(): Promise<number | undefined> {
    const { key } = this
    try {
      const response = await fetch(`/api/requests?reader=${key}`)
      const { requests } = (await response.json()) as { requests: number }
      if (this.key === key) setFact(this.root, "requests", String(requests))
      return requests
    } catch {
      return undefined
    }
  }
}

/** Reads the sentence with the browser's EventSource and with `subscribe()`. */
export function startStandardPanel(root: HTMLElement, wire: Wire): void {
  const native = new Reader(find(root, "#native"))
  const subscribed = new Reader(find(root, "#subscribed"))
  const running: { close(): void }[] = []
  const read = (): void => {
    for (const source of running.splice(0)) source.close()
    wire.clear()
    running.push(readNatively(native), readSubscribed(subscribed, wire))
  }
  onAction(root, "read", read)
  read()
}

function readNatively(reader: Reader): EventSource {
  const source = new EventSource(reader.begin())
  let attempts = 1
  source.addEventListener("open", () => setState(reader.root, "open"))
  source.addEventListener("message", (event: MessageEvent<string>) => {
    reader.word(event.type, event.lastEventId, event.data)
    if (event.data !== "[DONE]") return
    // Only `close` ends an EventSource: at the end of the stream it reconnects.
    source.close()
    setState(reader.root, "done")
    void reader.watchRequests()
  })
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED)
      return reader.fail("The connection failed, and EventSource does not retry.")
    setState(reader.root, "connecting")
    setFact(reader.root, "attempts", String(++attempts))
  })
  return source
}

function readSubscribed(reader: Reader, wire: Wire): Subscription {
  let retries = 0
  const subscription = tape.subscribeOf("standard")(reader.begin(), {
    until: "[DONE]",
    retry: { maxRetries: 3 },
    onStateChange: (state) => {
      if (state !== "closed") setState(reader.root, state)
    },
    onRetry: () => setFact(reader.root, "attempts", String(++retries + 1)),
  })
  void showEvents(reader, subscription, wire)
  return subscription
}

async function showEvents(reader: Reader, subscription: Subscription, wire: Wire): Promise<void> {
  const { key } = reader
  try {
    for await (const event of subscription) {
      wire.add(event)
      reader.word(event.event, event.lastEventId, event.data)
    }
  } catch (error) {
    reader.fail((error as Error).message)
    return
  }
  // The user has started another run, which closed this subscription.
  if (reader.key !== key) return
  // The server sent the end mark as an event, but the subscription does not deliver it.
  wire.add({ data: "[DONE]" })
  reader.log.note("end", "received [DONE]")
  setState(reader.root, "done")
  await reader.watchRequests()
}
