/* Spec: https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-idl-attributes */

/** An event handler IDL attribute of an event target: one listener, in the place where a handler was first set. */
interface HandlerAttribute {
  readonly get: () => object | null
  readonly set: (value: unknown) => void
}

const TYPES = ["open", "message", "error"]

const attributes: WeakMap<EventTarget, readonly HandlerAttribute[]> = new WeakMap()

/** Defines the attributes for the instances of a class. */
export function defineHandlers(prototype: EventTarget): void {
  for (const [index, type] of TYPES.entries()) {
    Object.defineProperty(prototype, `on${type}`, {
      enumerable: true,
      configurable: true,
      // On any other object this is a TypeError, as for every attribute.
      get(this: EventTarget) {
        return attributes.get(this)![index]!.get()
      },
      set(this: EventTarget, value: unknown) {
        attributes.get(this)![index]!.set(value)
      },
    })
  }
}

/** Makes the attributes of an instance. */
export function initHandlers(target: EventTarget): void {
  attributes.set(
    target,
    TYPES.map((type) => createAttribute(target, type)),
  )
}

function createAttribute(target: EventTarget, type: string): HandlerAttribute {
  let handler: object | null = null
  const onEvent = (event: Event) => {
    // Spec: the event handler processing algorithm: false prevents the default.
    if (typeof handler === "function" && handler.call(event.currentTarget, event) === false) event.preventDefault()
  }
  return {
    get: () => handler,
    set(value) {
      // Spec: [LegacyTreatNonObjectAsNull]: an object that cannot be called is kept, and does nothing.
      handler = typeof value === "function" || typeof value === "object" ? value : null
      // Adding a listener that is there changes nothing, its place neither.
      if (handler) target.addEventListener(type, onEvent)
      else target.removeEventListener(type, onEvent)
    },
  }
}
