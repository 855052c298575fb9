import type { SseValidationIssue } from "../errors.ts"

/**
 * A Standard Schema, version 1, as made by zod, valibot, arktype and others.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** The properties of the standard. */
  readonly "~standard": StandardSchemaProps<Input, Output>
}

/** The properties of the standard in a {@link StandardSchemaV1}. */
export interface StandardSchemaProps<Input, Output> {
  /** The version of the standard. */
  readonly version: 1
  /** The library that made the schema. */
  readonly vendor: string
  /** Validates a value; returns the result or a promise of it. */
  readonly validate: (value: unknown) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>
  /** The types; this property never has a value. */
  readonly types?: StandardSchemaTypes<Input, Output> | undefined
}

/** The types of a {@link StandardSchemaV1}. */
export interface StandardSchemaTypes<Input, Output> {
  /** The type that the schema accepts. */
  readonly input: Input
  /** The type that the schema returns. */
  readonly output: Output
}

/** The result of a {@link StandardSchemaV1}: the output, or the reasons why the value is rejected. */
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

/** The reasons why a schema rejects a value, and the error that it threw, if it threw one. */
export interface Refusal {
  readonly issues: readonly SseValidationIssue[]
  readonly cause?: unknown
}

/** The result of a schema, in one shape. */
export type Verdict = { readonly value: unknown; readonly issues?: undefined } | Refusal

/** Validates `value`. An error of the schema is a refusal too, so that hostile data cannot bypass a policy with it. */
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
