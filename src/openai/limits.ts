import { SseLimitError } from "../errors.ts"
import type { ChunkLimits, ResolvedLimits } from "./chunk-protocol.ts"

const MIB = 1024 * 1024

const DEFAULTS: ResolvedLimits = {
  maxLineLength: 64 * MIB,
  maxEventSize: 64 * MIB,
  maxTotalSize: 256 * MIB,
  maxChoices: 128,
  maxToolCalls: 1024,
}

/** The limits in force; a RangeError where one is no positive number. */
export function limitsOf(given: ChunkLimits = {}): ResolvedLimits {
  const limits: Record<keyof ChunkLimits, number> = { ...DEFAULTS }
  for (const name of Object.keys(limits) as (keyof ChunkLimits)[]) {
    const limit = given[name] ?? DEFAULTS[name]
    if (!(limit > 0)) throw new RangeError(`Cannot read chunks: "${name}" must be a positive number, not ${limit}`)
    limits[name] = limit
  }
  return limits
}

/** What is thrown once there is more of something than `limits` allow. */
export function limitError(limit: keyof ChunkLimits, limits: ResolvedLimits, what: string): SseLimitError {
  const max = limits[limit]
  return new SseLimitError(`Cannot read chunks: there must not be more than ${max} ${what}`, limit, max)
}
