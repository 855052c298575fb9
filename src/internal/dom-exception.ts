/** Makes an exception of the platform; where there is no such class, an error with that name. */
export function domException(message: string, name: "AbortError" | "SyntaxError"): Error {
  if (globalThis.DOMException) return new DOMException(message, name)
  return Object.assign(new Error(message), { name })
}
