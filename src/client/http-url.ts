/**
 * `target`, absolute.
 *
 * @param what - What it is, for error messages.
 * @throws TypeError where it is no URL that a request can be made to; without a cause, since the platform's error quotes
 * the URL, which may hold a secret.
 */
export function httpUrl(target: string | URL, base: string | undefined, what: string): URL {
  let url: URL | undefined
  try {
    url = new URL(target, base)
  } catch {
    // As any other that is not what it must be.
  }
  if (url && /^https?:$/.test(url.protocol) && url.username + url.password === "") return url
  throw new TypeError(`Cannot subscribe: ${what} must be an http or https URL without user name and password`)
}
