import { SseLimitError } from "../../errors.ts"
import { withDefaults } from "../../internal/option-checks.ts"
import type { ChunkLimits, ResolvedLimits } from "./chunk-dialect.ts"

const DEFAULTS: ResolvedLimits = {
  maxLineLength: 67_108_864,
  maxEventSize: 67_108_864,
  maxTotalSize: 268_435_456,
  maxChoices: 128,
  maxToolCalls: 1_024,
}

/** The limits in force; a RangeError if one is not a number from 1. */
export function limitsOf(given: ChunkLimits | undefined): ResolvedLimits {
  return withDefaults("limits", given, DEFAULTS, 1)
}

/** Throws where `size` is more than the limit `name` allows. */
export function checkLimit(size: number, name: keyof ChunkLimits, limits: ResolvedLimits): void {
  const max = limits[name]
  if (size > max) throw new SseLimitError(`Cannot read chunks: "${name}" must not be more than ${max}`, name, max)
}
