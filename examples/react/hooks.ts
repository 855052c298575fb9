import { useEffect, useMemo, useState } from "react"
import { createChat, NO_ANSWER } from "../create-chat.ts"
import { NO_EVENTS, watchEvents } from "../watch-events.ts"

export function useEventStream(url: string) {
  const [view, setView] = useState(NO_EVENTS)
  useEffect(() => watchEvents(url, setView), [url])
  return view
}

export function useChat(url: string) {
  const [view, setView] = useState(NO_ANSWER)
  const chat = useMemo(() => createChat(url, setView), [url])
  useEffect(() => chat.close, [chat])
  return { ...view, send: chat.send, cancel: chat.cancel }
}
