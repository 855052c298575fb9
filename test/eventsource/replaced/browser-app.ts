/* A program that is written for the browser's own class: it uses the global EventSource. */

/** Fulfils with a log, line by line, after the server's goodbye event. */
export function followFeed(url: string): Promise<string[]> {
  return new Promise((resolve) => {
    const lines: string[] = []
    const source = new EventSource(url, { withCredentials: false })
    const isClosed = () => source.readyState === EventSource.CLOSED

    source.onopen = (event) => lines.push(`${event.type}: ${source.readyState === source.OPEN}`)
    source.onmessage = ({ data, lastEventId, origin }) => {
      lines.push(`message: ${data} (${lastEventId}) ${origin === new URL(url).origin}`)
    }
    source.onerror = (event) => {
      if (event instanceof MessageEvent) lines.push(`the server reports: ${event.data}`)
      else lines.push(`error: ${isClosed() ? "closed" : "reconnecting"}`)
    }
    source.addEventListener("price", function (event) {
      const { amount } = JSON.parse(event.data as string) as { amount: number }
      lines.push(`price: ${amount} to ${this === source}`)
    })
    source.addEventListener("goodbye", () => {
      source.close()
      lines.push(`goodbye: ${isClosed()}`)
      resolve(lines)
    })
  })
}
