/* Spec: https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-idl-attributes */

/** An event handler IDL attribute of an event target: one listener, in the place where a handler was first set. */
export class HandlerAttribute {
  readonly #target: EventTarget
  readonly #type: string
  #value: object | null = null

  constructor(target: EventTarget, type: string) {
    this.#target = target
    this.#type = type
  }

  get value(): object | null {
    return this.#value
  }

  set value(value: unknown) {
    // Spec: [LegacyTreatNonObjectAsNull]: an object that cannot be called is kept, and does nothing.
    this.#value = typeof value === "function" || typeof value === "object" ? value : null
    // Adding a listener that is there changes nothing, its place neither.
    if (this.#value !== null) this.#target.addEventListener(this.#type, this.#onEvent)
    else this.#target.removeEventListener(this.#type, this.#onEvent)
  }

  readonly #onEvent = (event: Event): void => {
    if (typeof this.#value !== "function") return
    // Spec: the event handler processing algorithm: false prevents the default.
    if (this.#value.call(event.currentTarget, event) === false) event.preventDefault()
  }
}
