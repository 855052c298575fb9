import { type } from "arktype"
import { type StandardSchemaV1 } from "steadystream"
import * as v from "valibot"
import { z } from "zod"

/** `{ at }`, written as the text of a number and read as the number, by each library. */
export const tickSchemas = {
  zod: z.object({ at: z.string().regex(/^\d+$/).transform(Number) }),
  valibot: v.object({ at: v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number)) }),
  arktype: type({ at: "string.numeric.parse" }),
} satisfies Record<string, StandardSchemaV1<{ at: string }, { at: number }>>

/** A schema that answers when the test resolves it. */
export function manualSchema<Value>(): StandardSchemaV1<Value> & { answers: ((accepts?: boolean) => void)[] } {
  const answers: ((accepts?: boolean) => void)[] = []
  return {
    answers,
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        new Promise((resolve) => {
          answers.push((accepts = true) =>
            resolve(accepts ? { value: value as Value } : { issues: [{ message: "refused" }] }),
          )
        }),
    },
  }
}

/** A schema whose answer is the result of `judge`, which may throw or return a promise. */
export function schemaOf<Value>(judge: (value: unknown) => Value | Promise<Value>): StandardSchemaV1<unknown, Value> {
  const validate: StandardSchemaV1<unknown, Value>["~standard"]["validate"] = (input) => {
    const value = judge(input)
    return value instanceof Promise ? value.then((late) => ({ value: late })) : { value }
  }
  return { "~standard": { version: 1, vendor: "test", validate } }
}
