/* Names of the DOM library that `@types/node` does not declare, so that the package needs neither library by name. */

/** The headers of a request or a response. */
export type HeadersInit = NonNullable<RequestInit["headers"]>

/** The body of a request or a response. */
export type BodyInit = NonNullable<RequestInit["body"]>

/** What `addEventListener` calls. */
export type EventListenerOrEventListenerObject = NonNullable<Parameters<EventTarget["addEventListener"]>[1]>

/** The options object of `addEventListener`. */
export type AddEventListenerOptions = Exclude<NonNullable<Parameters<EventTarget["addEventListener"]>[2]>, boolean>
