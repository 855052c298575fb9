export { subscribe } from "./subscribe.ts"
export type { Subscription, SubscriptionHandlers, SubscriptionIterator } from "./subscription.ts"
export { measureAttempt } from "./measure-attempt.ts"
export type {
  Attempt,
  AttemptMetrics,
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
