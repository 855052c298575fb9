/**
 * The headers of `init`, completed by those of an event stream; the caller's replace ours, but `no-transform` is kept in
 * `cache-control`: a proxy that compresses the stream holds it back.
 *
 * @param caching - What caches may do: `"no-store"` or `"no-cache"`.
 */
export function eventStreamHeaders(init: HeadersInit | undefined, caching: string): Headers {
  const headers = new Headers(init)
  const add = (name: string, value: string) => headers.has(name) || headers.set(name, value)
  add("content-type", "text/event-stream; charset=utf-8")
  add("cache-control", caching)
  const cacheControl = headers.get("cache-control")!
  if (!/\bno-transform\b/i.test(cacheControl)) headers.set("cache-control", `${cacheControl}, no-transform`)
  add("x-accel-buffering", "no")
  return headers
}
