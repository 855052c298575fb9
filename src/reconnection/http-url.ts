/** Returns `target` as an absolute URL, or the reason why no request can be made to it, without the URL. */
export function httpUrl(target: string | URL, base: string | URL | undefined): URL | string {
  let url: URL
  try {
    // As text, because React Native's URL takes nothing else.
    url = new URL(String(target), base)
  } catch {
    return base === undefined && isUrl(target, "http://a")
      ? "the URL must be absolute, because no page resolves a relative one"
      : "the URL must be one that can be parsed"
  }
  if (!/^https?:$/.test(url.protocol)) return `the URL must be http or https, not ${url.protocol.slice(0, 20)}`
  return url.username + url.password === "" ? url : "the URL must have no credentials: use the header authorization"
}

function isUrl(target: string | URL, base: string): boolean {
  try {
    return Boolean(new URL(target, base))
  } catch {
    return false
  }
}
