"use client"

import { useEffect, useState } from "react"
import { subscribe } from "steadystream/client"
import { EventSource } from "steadystream/eventsource"

export function Counter() {
  const [count, setCount] = useState("")
  useEffect(() => {
    const subscription = subscribe("/node")
    void subscription.listen({ onEvent: (event) => setCount(event.data) })
    return () => subscription.close()
  }, [])
  useEffect(() => {
    const source = new EventSource("/edge")
    source.addEventListener("message", (event) => setCount(event.data))
    return () => source.close()
  }, [])
  return <p>{count}</p>
}
