/* A program that is written for the package `eventsource`: headers by its `fetch` option, statuses in its errors. */
import { EventSource } from "eventsource"

/** Fulfils with a log, line by line: one stream with a token, and one without. */
export async function followWithToken(url: string, token: string): Promise<string[]> {
  const lines: string[] = []
  const requests: string[] = []
  await new Promise<void>((resolve) => {
    const source = new EventSource(url, {
      fetch: (input, init) => {
        requests.push(`${String(input) === url} ${init.headers["Accept"]}`)
        return fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } })
      },
    })
    source.addEventListener("open", () => lines.push(`open: ${source.readyState}`))
    source.addEventListener("notice", ({ data, lastEventId }) => lines.push(`notice: ${data} (${lastEventId})`))
    source.addEventListener("error", ({ code }) => lines.push(`error: ${source.readyState} ${code}`))
    source.addEventListener("end", () => {
      source.close()
      resolve()
    })
  })
  await new Promise<void>((resolve) => {
    const source = new EventSource(url)
    source.addEventListener("error", (error) => {
      lines.push(`refused: ${error.code} ${typeof error.message} ${source.readyState === source.CLOSED}`)
      resolve()
    })
  })
  return [...requests, ...lines]
}
