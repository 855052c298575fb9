/**
 * The headers of `init`, completed by those of an event stream; the caller's replace ours.
 *
 * @param caching - What caches may do: `"no-store"` or `"no-cache"`.
 */
export function eventStreamHeaders(init: HeadersInit | undefined, caching: string): Headers {
  const headers = new Headers(init)
  const add = (name: string, value: string) => headers.has(name) || headers.set(name, value)
  add("content-type", "text/event-stream; charset=utf-8")
  // A proxy must not gather the stream to compress it, nor hold it back.
  add("cache-control", `${caching}, no-transform`)
  add("x-accel-buffering", "no")
  return headers
}
