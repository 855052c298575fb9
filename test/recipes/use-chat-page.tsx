import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import type { UIMessage } from "ai"
import { Chat } from "../../examples/use-chat/chat.tsx"

declare const saved: UIMessage[]

createRoot(document.querySelector("#root")!).render(
  <StrictMode>
    <Chat id="7" saved={saved} />
  </StrictMode>,
)
