import { SseLimitError } from "../../errors.ts"
import type { ChunkLimits, ResolvedLimits } from "./chunk-dialect.ts"

const DEFAULTS: ResolvedLimits = {
  maxLineLength: 67_108_864,
  maxEventSize: 67_108_864,
  maxTotalSize: 268_435_456,
  maxChoices: 128,
  maxToolCalls: 1_024,
}

/** The limits in force; a RangeError where one is no positive number. */
export function limitsOf(given: ChunkLimits = {}): ResolvedLimits {
  const limits = { ...DEFAULTS } as Record<keyof ChunkLimits, number>
  for (const name of Object.keys(limits) as (keyof ChunkLimits)[]) {
    const limit = (limits[name] = given[name] ?? limits[name])
    if (!(limit > 0)) throw new RangeError(`Cannot read chunks: "${name}" must be a positive number, not ${limit}`)
  }
  return limits
}

/** Throws where `size` is more than the limit `name` allows. */
export function checkLimit(size: number, name: keyof ChunkLimits, limits: ResolvedLimits): void {
  const max = limits[name]
  if (size > max) throw new SseLimitError(`Cannot read chunks: "${name}" must not be more than ${max}`, name, max)
}
