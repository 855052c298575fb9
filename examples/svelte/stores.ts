import { readable, writable } from "svelte/store"
import { createChat, NO_ANSWER } from "../create-chat.ts"
import { NO_EVENTS, watchEvents } from "../watch-events.ts"

/** The connection is open while the store has a subscriber. */
export function eventStream(url: string) {
  return readable(NO_EVENTS, (set) => watchEvents(url, set))
}

export function chatOf(url: string) {
  const { subscribe, set } = writable(NO_ANSWER, () => () => chat.close())
  const chat = createChat(url, set)
  return { subscribe, send: chat.send, cancel: chat.cancel }
}
