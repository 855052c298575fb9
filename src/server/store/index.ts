export { newEpoch, formatCursor, parseCursor } from "./cursor.ts"
export type {
  Cursor,
  EventStore,
  LogEnd,
  LogEvent,
  LogEventInit,
  LogState,
  Position,
  StoreAppended,
  StoreAppendOptions,
  StoreClaim,
  StoreClaimOptions,
  StoreNews,
  StorePage,
  StoreReadOptions,
  StoreWatch,
} from "./event-store.ts"
export { LogWatchers } from "./log-watchers.ts"
export { readLimits, type SizedText, sizedTexts, utf8Length } from "./store-checks.ts"
export { SseStoreError } from "./store-error.ts"
