/* Reads an answer with the platform's EventSource. */

interface Chunk {
  readonly choices?: readonly { readonly delta: { readonly content?: string | null } }[]
  readonly error?: { readonly code: string }
}

/**
 * Reads an answer from its first event.
 *
 * @param onEnd - Called once: with `"done"`, with the code of the error event, or with `"closed"` if the server has no more
 * events or refused the request.
 */
export function follow(url: string, onText: (text: string) => void, onEnd: (reason: string) => void): EventSource {
  const source = new EventSource(url)
  const end = (reason: string) => {
    source.close()
    onEnd(reason)
  }
  source.addEventListener("message", ({ data }: MessageEvent<string>) => {
    if (data === "[DONE]") return end("done")
    const { choices, error } = JSON.parse(data) as Chunk
    if (error) return end(error.code)
    const text = choices?.[0]?.delta.content
    if (text) onText(text)
  })
  // Of an answer that is not in a dialect of OpenAI.
  source.addEventListener("steadystream.end", ({ data }: MessageEvent<string>) => {
    end((JSON.parse(data) as { readonly status: string }).status)
  })
  source.addEventListener("error", () => {
    // Otherwise the connection broke, and the browser reconnects with the ID of the last event.
    if (source.readyState === EventSource.CLOSED) end("closed")
  })
  return source
}
