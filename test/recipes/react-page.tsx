import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { Chat, Ticker } from "../../examples/react/components.tsx"
import { definePage } from "./page.ts"

definePage((element, component, first) => {
  const Shown = { Chat, Ticker }[component]
  const root = createRoot(element)
  const setUrl = (url: string) => {
    // In StrictMode React mounts every component, unmounts it and mounts it again.
    root.render(
      <StrictMode>
        <Shown url={url} />
      </StrictMode>,
    )
  }
  setUrl(first)
  return { setUrl, unmount: () => root.unmount() }
})
