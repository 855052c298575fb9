/**
 * The headers of an event stream.
 *
 * @param caching - What caches may do: `"no-store"` or `"no-cache"`.
 */
export function eventStreamHeaderList(caching: string): readonly (readonly [name: string, value: string])[] {
  return [
    ["content-type", "text/event-stream; charset=utf-8"],
    // A proxy that compresses the stream holds it back.
    ["cache-control", `${caching}, no-transform`],
    ["x-accel-buffering", "no"],
    // RFC 10036: intermediaries pass each part on as it comes.
    ["incremental", "?1"],
  ]
}

/**
 * The headers of `init`, completed by those of an event stream; the caller's replace ours, but `no-transform` is kept in
 * `cache-control`.
 */
export function eventStreamHeaders(init: HeadersInit | undefined, caching: string): Headers {
  const headers = new Headers(init)
  for (const [name, value] of eventStreamHeaderList(caching)) if (!headers.has(name)) headers.set(name, value)
  const cacheControl = headers.get("cache-control")!
  if (!/\bno-transform\b/i.test(cacheControl)) headers.set("cache-control", `${cacheControl}, no-transform`)
  return headers
}

/** When a client that is refused for now may come back, in seconds. */
const RETRY_AFTER = "5"

/** The headers of a refusal: those of the caller, which may be needed to read it, and the time to come back. */
export function refusalHeaders(init: HeadersInit | undefined, status: number): Headers {
  const headers = new Headers(init)
  headers.delete("content-type")
  headers.set("cache-control", "no-store")
  if (status === 503 && !headers.has("retry-after")) headers.set("retry-after", RETRY_AFTER)
  return headers
}
