/* The bundle for a page, a dedicated worker and a shared worker. It runs the behaviours on request. */
import { EventSource } from "steadystream/eventsource"
import { type Need, type Outcome, runBehaviours } from "./behaviour.ts"
import { behaviours } from "./behaviours/index.ts"

/** A request to run the behaviours: the class and two origins. */
export interface RunRequest {
  readonly subject: "ours in Chromium" | "native Chromium"
  readonly origins: readonly [string, string]
}

const native = globalThis.EventSource
const isPage = typeof document !== "undefined"

function run({ subject, origins }: RunRequest): Promise<Outcome[]> {
  const offers: Need[] = [
    "base",
    "cors",
    "cookies",
    "reportError",
    "blob URLs",
    "ending dispatch",
    "early headers",
    "header bytes",
    ...(isPage ? (["document"] as const) : []),
  ]
  return runBehaviours(behaviours, {
    subject,
    origins,
    offers,
    EventSource: subject === "native Chromium" ? native : EventSource,
  })
}

async function answer({ data, ports: [port] }: MessageEvent<RunRequest>): Promise<void> {
  port!.postMessage(await run(data))
}

if (isPage) Object.assign(globalThis, { runBehaviours: run })
else if ("onconnect" in globalThis) {
  globalThis.addEventListener("connect", ((event: MessageEvent) => {
    const [channel] = event.ports
    channel!.addEventListener("message", (message) => void answer(message))
    channel!.start()
  }) as EventListener)
} else globalThis.addEventListener("message", (message) => void answer(message as MessageEvent<RunRequest>))
