export { subscribe } from "./subscribe.ts"
export type { Subscription, SubscriptionHandlers, SubscriptionIterator } from "./subscription.ts"
export type {
  Attempt,
  Connect,
  GapInfo,
  OpenInfo,
  Resume,
  ResumeInit,
  RetryInfo,
  RetryOptions,
  SubscribeInit,
  SubscribeLimits,
  SubscribeOptions,
  SubscribeTarget,
  SubscriptionEnd,
  SubscriptionHooks,
  SubscriptionState,
  SubscriptionWarning,
  Timeouts,
} from "../reconnection/index.ts"
