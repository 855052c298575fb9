import type { Feature } from "../suite.ts"
import { contract } from "./contract.ts"
import { encoder } from "./encoder.ts"
import { eventSource } from "./event-source.ts"
import { parser } from "./parser.ts"
import { readEventsCases } from "./read-events.ts"
import { network } from "./subscribe-network.ts"
import { subscribeCases } from "./subscribe.ts"

/** All features, in the order of the table. */
export const features: readonly Feature[] = [
  { name: "parser", cases: parser },
  { name: "encoder", cases: encoder },
  { name: "readEvents", cases: readEventsCases },
  { name: "contract", cases: contract },
  { name: "subscribe", cases: { ...subscribeCases, ...network } },
  { name: "EventSource", cases: eventSource },
]
