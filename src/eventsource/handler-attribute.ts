/* Spec: https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-idl-attributes */

/** An event handler IDL attribute of an event target: one listener, in the place where a handler was first set. */
interface HandlerAttribute {
  readonly get: () => object | null
  readonly set: (value: unknown) => void
}

const TYPES = ["open", "message", "error"]

const attributes: WeakMap<EventTarget, readonly HandlerAttribute[]> = new WeakMap()

/** The attribute that a platform which calls handlers itself is about to read: it must find none. */
let unread: string | undefined

/** Defines the attributes for the instances of a class. */
export function defineHandlers(prototype: EventTarget): void {
  for (const [index, type] of TYPES.entries()) {
    // Why computed names: the accessors are then called `get onopen` and so on, as specified, also in a minified bundle.
    const accessors = {
      // On any other object this is a TypeError, as for every attribute.
      get [`on${type}`](): object | null {
        const handler = attributes.get(this as unknown as EventTarget)![index]!.get()
        if (unread !== type) return handler
        unread = undefined
        return null
      },
      set [`on${type}`](value: unknown) {
        attributes.get(this as unknown as EventTarget)![index]!.set(value)
      },
    }
    Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(accessors))
  }
  if (callsHandlers()) Object.defineProperty(prototype, "dispatchEvent", { value: dispatchUnread, configurable: true })
}

/** Makes the attributes of an instance. */
export function initHandlers(target: EventTarget): void {
  attributes.set(
    target,
    TYPES.map((type) => createAttribute(target, type)),
  )
}

/**
 * Whether the platform calls the `on…` member of every event target, before its listeners. workerd does, so that each
 * handler would be called twice.
 */
function callsHandlers(): boolean {
  const { EventTarget, Event } = globalThis as Partial<typeof globalThis>
  if (EventTarget === undefined || Event === undefined) return false
  let isCalled = false
  const target = Object.assign(new EventTarget(), { onopen: () => (isCalled = true) })
  target.dispatchEvent(new Event("open"))
  return isCalled
}

function dispatchUnread(this: EventTarget, event: Event): boolean {
  try {
    unread = event?.type
    return EventTarget.prototype.dispatchEvent.call(this, event)
  } finally {
    unread = undefined
  }
}

function createAttribute(target: EventTarget, type: string): HandlerAttribute {
  let handler: object | null = null
  const onEvent = (event: Event) => {
    // Spec: the event handler processing algorithm: false prevents the default.
    // Not `event.currentTarget`, which Node forgets after the first listener.
    if (typeof handler === "function" && handler.call(target, event) === false) event.preventDefault()
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
