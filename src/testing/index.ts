export { chunkings } from "./chunkings.ts"
export type { FaultAnswer } from "./fault-answer.ts"
export { startFaultServer } from "./fault-server.ts"
export type { FaultRequest, FaultScript, FaultServer } from "./fault-server.ts"
export { ManualClock } from "./manual-clock.ts"
export { scriptedFetch } from "./scripted-fetch.ts"
export type {
  ScriptedAnswer,
  ScriptedFetch,
  ScriptedOutcome,
  ScriptedRequest,
  ScriptedStream,
} from "./scripted-fetch.ts"
export { storeContract } from "./store/store-contract.ts"
export type { MakeStore, StoreContractCase } from "./store/store-contract.ts"
export type { StoreRetention, StoreUnderTest } from "./store/store-subject.ts"
export { record } from "./recording/record.ts"
export type { NodeExchange, RecordedNodeRequest, RecordedNodeResponse } from "./recording/node-exchange.ts"
export type { Recorder, RecordOptions } from "./recording/recorder.ts"
export { replay } from "./recording/replay.ts"
export type { Replay, ReplayOptions } from "./recording/replay.ts"
export { formatEntry, formatRecording, parseRecording } from "./recording/recording-text.ts"
export type {
  CancelEntry,
  ChunkEntry,
  EndEntry,
  ErrorEntry,
  FailureEntry,
  LimitEntry,
  Recording,
  RecordingEntry,
  RequestEntry,
  ResponseEntry,
  RetryEntry,
  StateEntry,
} from "./recording/recording.ts"
export { everyCut, mutate } from "./recording/mutate.ts"
export type { CutRecording, EveryCutOptions, MutateOptions } from "./recording/mutate.ts"
export type { Mutation } from "./recording/mutation.ts"
export type { BodyPlace } from "./recording/body-place.ts"
export { startReplayServer } from "./recording/replay-server.ts"
export type { ReplayServerOptions } from "./recording/replay-server.ts"
