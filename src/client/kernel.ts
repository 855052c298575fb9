/* Law: what other parts build on the loop with. It is not of the package's surface, which `index.ts` is; re-exports only. */
export type { EventSink } from "./event-queue.ts"
export { createLoop, type ReconnectionLoop } from "./loop.ts"
export { httpUrl } from "./http-url.ts"
export { baseUrl } from "./page.ts"
export { STANDARD, type Standard, settingsOf, type Settings } from "./settings.ts"
