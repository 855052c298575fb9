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

/**
 * Returns the limits in force.
 *
 * @throws RangeError if a limit is NaN or less than 1.
 */
export function limitsOf(given: ChunkLimits | undefined): ResolvedLimits {
  return withDefaults("limits", given, DEFAULTS, 1)
}

/** @throws {@link SseLimitError} if `size` is above the limit `name`. */
export function checkLimit(size: number, name: keyof ChunkLimits, limits: ResolvedLimits): void {
  const max = limits[name]
  if (size > max) throw new SseLimitError(`Cannot read chunks: "limits.${name}" of ${max} was exceeded`, name, max)
}
