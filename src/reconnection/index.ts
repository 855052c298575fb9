export { ReconnectionLoop } from "./loop.ts"
export { gapOf } from "./event-intake.ts"
export type { EventSink } from "./event-sink.ts"
export { DEFAULTS, type Defaults, settingsOf, type Settings } from "./settings.ts"
export { checkOptionNames } from "./option-names.ts"
export { httpUrl } from "./http-url.ts"
export { followRedirect, showsRedirects } from "./redirect.ts"
export { type PreparedRequest, requestHasBody } from "./request.ts"
export { baseUrl } from "./page.ts"
export type {
  Attempt,
  Connect,
  Resume,
  ResumeInit,
  RetryOptions,
  SubscribeInit,
  SubscribeLimits,
  SubscribeOptions,
  SubscribeTarget,
  Timeouts,
} from "./options.ts"
export type { AttemptMetrics, GapInfo, OpenInfo, RetryInfo, SubscriptionHooks, SubscriptionWarning } from "./hooks.ts"
export type { SubscriptionEnd, SubscriptionState } from "./state.ts"
