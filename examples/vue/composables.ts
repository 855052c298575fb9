import {
  type MaybeRefOrGetter,
  onMounted,
  onScopeDispose,
  shallowReadonly,
  shallowRef,
  toValue,
  watchEffect,
} from "vue"
import { createChat, NO_ANSWER } from "../create-chat.ts"
import { NO_EVENTS, watchEvents } from "../watch-events.ts"

export function useEventStream(url: MaybeRefOrGetter<string>) {
  const view = shallowRef(NO_EVENTS)
  // A page that is rendered on a server opens no connection there.
  onMounted(() => {
    watchEffect((onCleanup) => {
      onCleanup(watchEvents(toValue(url), (next) => void (view.value = next)))
    })
  })
  return shallowReadonly(view)
}

export function useChat(url: string) {
  const view = shallowRef(NO_ANSWER)
  const chat = createChat(url, (next) => void (view.value = next))
  onScopeDispose(chat.close)
  return { view: shallowReadonly(view), send: chat.send, cancel: chat.cancel }
}
