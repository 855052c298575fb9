/* Law: where a class of the language differs from an interface of Web IDL, which is what programs look at. */
import { defineHandlers } from "./handler-attribute.ts"

/** `readyState` while there is no connection, but one to come. */
export const CONNECTING = 0
/** `readyState` while there is a connection. */
export const OPEN = 1
/** `readyState` when there is none and none to come. */
export const CLOSED = 2

/** Gives a class its constants, handlers and tag, and makes its members enumerable. */
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
  return shaped
}
