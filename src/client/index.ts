export { subscribe } from "./subscribe.ts"
export type { Subscription, SubscriptionHandlers, SubscriptionIterator } from "./subscription.ts"
export { shareAcrossTabs, type SharedSubscription, type ShareOptions } from "./share-across-tabs.ts"
export type { TabOptions, TabRole } from "./tabs/share-settings.ts"
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
