import type { Feature } from "../suite.ts"
import { answersCases } from "./answers.ts"
import { channelsCases } from "./channels.ts"
import { chunkReaders } from "./chunk-readers.ts"
import { chunkWriters } from "./chunk-writers.ts"
import { contract } from "./contract.ts"
import { encoder } from "./encoder.ts"
import { eventSource } from "./event-source.ts"
import { nodeResponses } from "./node-responses.ts"
import { parser } from "./parser.ts"
import { readEventsCases } from "./read-events.ts"
import { relayCases } from "./relay.ts"
import { responses } from "./responses.ts"
import { store } from "./store.ts"
import { network } from "./subscribe-network.ts"
import { subscribeCases } from "./subscribe.ts"
import { testing } from "./testing.ts"

/** All features, in the order of the table. */
export const features: readonly Feature[] = [
  { name: "parser", cases: parser },
  { name: "encoder", cases: encoder },
  { name: "readEvents", cases: readEventsCases },
  { name: "contract", cases: contract },
  { name: "subscribe", cases: { ...subscribeCases, ...network } },
  { name: "EventSource", cases: eventSource },
  { name: "chunk readers", cases: chunkReaders },
  { name: "chunk writers", cases: chunkWriters },
  { name: "relay", cases: relayCases },
  { name: "responses", cases: responses },
  { name: "node:http responses", cases: nodeResponses },
  { name: "channels", cases: channelsCases },
  { name: "stored answers", cases: answersCases },
  { name: "memory store", cases: store },
  { name: "test kit", cases: testing },
]
