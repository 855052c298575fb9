/** A `fetch` on React Native's XMLHttpRequest, without requests as objects. Its responses have a body of text. */
export const xhrFetch: typeof fetch = (url, { method = "GET", headers, body, signal } = {}) => {
  const request = new XMLHttpRequest()
  const text = new ResponseText(request)
  const stop = () => request.abort()
  return new Promise((resolve, reject) => {
    const fail = (reason: Error) => {
      text.end(reason)
      reject(reason)
    }
    request.addEventListener("readystatechange", () => {
      if (request.readyState === 2) resolve(responseOf(request, text))
    })
    request.addEventListener("progress", () => text.wake())
    request.addEventListener("load", () => text.end())
    request.addEventListener("error", () => fail(new TypeError("Network request failed")))
    request.addEventListener("abort", () => fail(Object.assign(new Error("Request aborted"), { name: "AbortError" })))
    request.addEventListener("loadend", () => signal?.removeEventListener("abort", stop))
    request.open(method, String(url))
    new Headers(headers).forEach((value, name) => request.setRequestHeader(name, value))
    signal?.addEventListener("abort", stop)
    request.send(body as string | null | undefined)
    if (signal?.aborted) stop()
  })
}

function responseOf(request: XMLHttpRequest, body: AsyncIterable<string>): Response {
  const { status, responseURL: url } = request
  const headers = new Headers()
  for (const line of request.getAllResponseHeaders().trim().split("\r\n")) {
    const [, name, value] = /^(.+?): ?(.*)$/.exec(line) ?? []
    if (name) headers.append(name, value!)
  }
  return { status, ok: status >= 200 && status < 300, url, headers, body } as unknown as Response
}

/** The text of a response while it arrives. Leaving the loop over it, or `destroy`, aborts the request. */
class ResponseText {
  readonly #request: XMLHttpRequest
  #end: { reason?: Error | undefined } | undefined
  wake = () => {}

  constructor(request: XMLHttpRequest) {
    this.#request = request
  }

  end(reason?: Error) {
    this.#end = { reason }
    this.wake()
  }

  destroy() {
    this.#request.abort()
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (let taken = 0; ;) {
        const text = this.#request.responseText.slice(taken)
        taken += text.length
        if (text !== "") yield text
        else if (this.#end?.reason) throw this.#end.reason
        else if (this.#end) return
        else await new Promise<void>((resolve) => (this.wake = resolve))
      }
    } finally {
      this.destroy()
    }
  }
}
