export { subscribe } from "./subscribe.ts"
export type { Subscription, SubscriptionHandlers, SubscriptionIterator } from "./subscription.ts"
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
export type { GapInfo, OpenInfo, RetryInfo, SubscriptionHooks, SubscriptionWarning } from "./hooks.ts"
export type { SubscriptionState } from "./state.ts"
