export { defineEvents } from "./define-events.ts"
export type { DefineEventsOptions } from "./event-decoder.ts"
export type {
  DecodedEvent,
  EventContract,
  EventDecoder,
  EventEncoder,
  EventInitOf,
  EventOf,
  TypedEventInit,
} from "./event-contract.ts"
export { codec, text, type } from "./member.ts"
export type { EventCodec, EventMember, MemberInput, MemberOutput, SchemaCodec } from "./member.ts"
export type {
  StandardSchemaProps,
  StandardSchemaResult,
  StandardSchemaTypes,
  StandardSchemaV1,
} from "./standard-schema.ts"
