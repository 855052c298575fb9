import type { SseValidationIssue } from "../errors.ts"

/**
 * What every Standard Schema is, version 1: zod, valibot, arktype and others make them.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** What makes it one. */
  readonly "~standard": StandardSchemaProps<Input, Output>
}

/** The one property of a {@link StandardSchemaV1}. */
export interface StandardSchemaProps<Input, Output> {
  /** The version of the standard. */
  readonly version: 1
  /** The library that made the schema. */
  readonly vendor: string
  /** Judges a value, at once or by a promise. */
  readonly validate: (value: unknown) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>
  /** Where the types are; it has no value. */
  readonly types?: StandardSchemaTypes<Input, Output> | undefined
}

/** The types of a {@link StandardSchemaV1}. */
export interface StandardSchemaTypes<Input, Output> {
  /** What is given to the schema. */
  readonly input: Input
  /** What the schema makes of it. */
  readonly output: Output
}

/** What a {@link StandardSchemaV1} answers: the output, or the reasons why there is none. */
export type StandardSchemaResult<Output> =
  | {
      /** The output. */
      readonly value: Output
      /** Absent: the value was accepted. */
      readonly issues?: undefined
    }
  | {
      /** The reasons. */
      readonly issues: readonly SseValidationIssue[]
    }

/** Why a schema does not accept a value, and what it threw, where it threw. */
export interface Refusal {
  readonly issues: readonly SseValidationIssue[]
  readonly cause?: unknown
}

/** What a schema answers, in our words. */
export type Verdict = { readonly value: unknown; readonly issues?: undefined } | Refusal

/** Asks the schema. What it throws is a verdict too: a transform that fails on hostile data must not escape a policy. */
export function validate(schema: StandardSchemaV1, value: unknown): Verdict | Promise<Verdict> {
  try {
    const result = schema["~standard"].validate(value)
    return isPromise(result) ? result.then(verdictOf).then(undefined, refusal) : verdictOf(result)
  } catch (error) {
    return refusal(error)
  }
}

export function isPromise<Value>(value: Value | Promise<Value>): value is Promise<Value> {
  return typeof (value as { then?: unknown } | undefined)?.then === "function"
}

export function isStandardSchema(value: unknown): value is StandardSchemaV1 {
  // Spec: a schema may be a function with properties, as those of arktype are.
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function"
  return isObject && typeof (value as Partial<StandardSchemaV1>)["~standard"]?.validate === "function"
}

function verdictOf(result: StandardSchemaResult<unknown>): Verdict {
  // Spec: a falsy `issues` is success.
  return result.issues ? { issues: result.issues } : { value: (result as { value: unknown }).value }
}

function refusal(cause: unknown): Refusal {
  return { issues: [{ message: "must not make the schema throw" }], cause }
}
