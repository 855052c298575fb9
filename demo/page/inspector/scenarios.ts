/* Starts the streams of a panel as its user does, so that they are recorded from their beginning. */
import { find, isAvailable } from "../dom.ts"
import type { RecordedPanel } from "../tape.ts"

const STEPS: Readonly<Record<RecordedPanel, { readonly stop?: string; readonly start: string }>> = {
  standard: { start: "read" },
  retry: { stop: "stop", start: "start" },
  chat: { stop: "cancel", start: "run" },
  relay: { start: "run" },
  channel: { stop: "stop", start: "start" },
  durable: { stop: "stop", start: "ask" },
}

const WAIT_MS = 3000
const LOOK_EVERY_MS = 30

/** Presses the buttons of a panel. Returns whether its streams have begun. */
export async function startScenario(panel: RecordedPanel): Promise<boolean> {
  const { stop, start } = STEPS[panel]
  const root = find(document, `#${panel}`)
  const button = (action: string) => find(root, `[data-action="${action}"]`, HTMLButtonElement)
  if (stop !== undefined && isAvailable(button(stop))) button(stop).click()
  for (let waited = 0; waited < WAIT_MS; waited += LOOK_EVERY_MS) {
    if (isAvailable(button(start))) {
      button(start).click()
      return true
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  return false
}
