/* Shapes a class as an interface of Web IDL, which programs rely on. */
import { defineHandlers } from "./handler-attribute.ts"

/** `readyState` while it connects or waits to reconnect. */
export const CONNECTING = 0
/** `readyState` while a connection is open. */
export const OPEN = 1
/** `readyState` after it has closed. */
export const CLOSED = 2

/** Defines the constants, handlers and tag of a class, and makes its members enumerable. */
export function shapeInterface<Class extends { readonly prototype: EventTarget }>(shaped: Class): Class {
  const { prototype } = shaped
  for (const owner of [shaped, prototype]) {
    for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSED })) {
      Object.defineProperty(owner, name, { value, enumerable: true })
    }
  }
  for (const name of ["url", "withCredentials", "readyState", "close"]) {
    Object.defineProperty(prototype, name, { enumerable: true })
  }
  defineHandlers(prototype)
  Object.defineProperty(prototype, Symbol.toStringTag, { value: "EventSource", configurable: true })
  // A minified class has another name.
  Object.defineProperty(shaped, "name", { value: "EventSource", configurable: true })
  return shaped
}
