/*
 * A realm with the language and the globals that React Native has, and no others: its URL takes only text, its fetch has
 * no body stream, and its XMLHttpRequest shows the text while it arrives.
 */
import { createContext, runInContext } from "node:vm"
import { build } from "esbuild"

/** One answer: its pieces arrive one after the other, and then it ends, unless it stays open. */
export interface PhoneAnswer {
  readonly status?: number
  readonly type?: string
  readonly pieces: readonly string[]
  readonly staysOpen?: boolean
}

/** A request as the network saw it. */
export interface PhoneRequest {
  readonly url: string
  readonly headers: Record<string, string>
  isAborted: boolean
}

export interface PhoneNetwork {
  readonly answers: PhoneAnswer[]
  readonly requests: PhoneRequest[]
}

class PhoneUrl {
  #href: string

  constructor(url: string, base?: string | PhoneUrl) {
    if (typeof url !== "string") throw new TypeError("url.includes is not a function")
    // With a base, a host such as "my-api" is taken for a path.
    const isAbsolute = base === undefined || /^https?:\/\/[a-z.]+(?::\d+)?(?:[/?#]|$)/.test(url)
    this.#href = isAbsolute ? url : `${String(base).replace(/\/$/, "")}/${url}`
  }

  get href(): string {
    return this.#href
  }

  get protocol(): string {
    return new URL(this.#href).protocol
  }

  get origin(): string {
    return new URL(this.#href).origin
  }

  get username(): string {
    return ""
  }

  get password(): string {
    return ""
  }

  get search(): string {
    return new URL(this.#href).search
  }

  set search(value: string) {
    const url = new URL(this.#href)
    url.search = value
    this.#href = url.href
  }

  toString(): string {
    return this.#href
  }
}

function xmlHttpRequestOf({ answers, requests }: PhoneNetwork) {
  return class XMLHttpRequest {
    readyState = 0
    status = 0
    responseText = ""
    responseURL = ""
    readonly #listeners = new Map<string, () => void>()
    #request: PhoneRequest | undefined
    #headers: Record<string, string> = {}
    #type = ""

    addEventListener(type: string, run: () => void): void {
      this.#listeners.set(type, run)
    }

    open(_method: string, url: string): void {
      this.responseURL = url
    }

    setRequestHeader(name: string, value: string): void {
      this.#headers[name] = value
    }

    getAllResponseHeaders(): string {
      return `content-type: ${this.#type}\r\nx-request-id: 7\r\n`
    }

    send(): void {
      this.#request = { url: this.responseURL, headers: this.#headers, isAborted: false }
      requests.push(this.#request)
      void this.#play(answers.shift()!)
    }

    abort(): void {
      if (this.readyState === 4) return
      this.#request!.isAborted = true
      this.responseText = ""
      this.#enter(4)
      this.#listeners.get("abort")?.()
      this.#listeners.get("loadend")?.()
    }

    async #play({ status = 200, type = "text/event-stream", pieces, staysOpen }: PhoneAnswer): Promise<void> {
      await Promise.resolve()
      if (this.readyState === 4) return
      this.status = status
      this.#type = type
      this.#enter(2)
      for (const piece of pieces) {
        await new Promise((resolve) => setImmediate(resolve))
        if (this.readyState === 4) return
        this.responseText += piece
        this.#enter(3)
        this.#listeners.get("progress")?.()
      }
      await new Promise((resolve) => setImmediate(resolve))
      if (staysOpen || this.readyState === 4) return
      this.#enter(4)
      this.#listeners.get("load")?.()
      this.#listeners.get("loadend")?.()
    }

    #enter(state: number): void {
      this.readyState = state
      this.#listeners.get("readystatechange")?.()
    }
  }
}

/** A response without a body stream, as React Native's fetch returns it when the whole text has arrived. */
function fetchWithoutStreams(): Promise<object> {
  const headers = new Headers({ "content-type": "text/event-stream" })
  return Promise.resolve({ status: 200, ok: true, url: "", headers, bodyUsed: false, text: async () => "" })
}

/** Bundles `entry` of test/runtimes and runs it in the realm, with `globals` in addition; returns its exports. */
export async function runOnPhone<Exports>(
  entry: string,
  network: PhoneNetwork,
  globals: Record<string, unknown> = {},
): Promise<Exports> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "phone",
    target: "es2022",
    logLevel: "silent",
  })
  const realm = createContext({
    AbortController,
    Headers,
    URL: PhoneUrl,
    URLSearchParams,
    XMLHttpRequest: xmlHttpRequestOf(network),
    clearTimeout,
    fetch: fetchWithoutStreams,
    performance,
    setImmediate,
    setTimeout,
    ...globals,
  })
  return runInContext(`${outputFiles[0]!.text}; phone`, realm) as Exports
}
