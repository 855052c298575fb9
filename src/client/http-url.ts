/**
 * `target`, absolute.
 *
 * @param what - What it is, for error messages.
 * @throws TypeError where it is no URL that a request can be made to.
 */
export function httpUrl(target: string | URL, base: string | undefined, what: string): string {
  let url: URL
  try {
    url = new URL(target, base)
  } catch {
    // Why without a cause: the platform's error quotes the URL, which may hold a secret.
    throw new TypeError(`Cannot subscribe: ${what} must be a URL`)
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`Cannot subscribe: ${what} must be http or https, not ${url.protocol}`)
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`Cannot subscribe: ${what} must not hold a user name or password; send a header instead`)
  }
  return url.href
}
