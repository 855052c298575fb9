/** `target`, as an absolute URL; `undefined` if no request can be made to it. */
export function httpUrl(target: string | URL, base: string | URL | undefined): URL | undefined {
  try {
    const url = new URL(target, base)
    return /^https?:$/.test(url.protocol) && url.username + url.password === "" ? url : undefined
  } catch {
    return undefined
  }
}
