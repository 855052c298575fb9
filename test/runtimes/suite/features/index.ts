import type { Feature } from "../suite.ts"
import { parser } from "./parser.ts"
import { readEventsCases } from "./read-events.ts"

/** All features, in the order of the table. */
export const features: readonly Feature[] = [
  { name: "parser", cases: parser },
  { name: "readEvents", cases: readEventsCases },
]
