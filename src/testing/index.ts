export { ManualClock } from "./manual-clock.ts"
export { scriptedFetch } from "./scripted-fetch.ts"
export type { ScriptedAnswer, ScriptedFetch, ScriptedRequest, ScriptedStream } from "./scripted-fetch.ts"
