/* Counts work instead of time: what the functions that search or move do, in characters and elements. */

const STRINGS = ["endsWith", "includes", "replace", "split", "trim", "match"] as const
const ARRAYS = ["shift", "unshift", "splice", "indexOf", "find", "findIndex", "filter", "some", "every"] as const

/** How many characters and elements are visited until `run` settles. */
export async function countWork(run: () => Promise<unknown>): Promise<number> {
  let visited = 0
  const restore: (() => void)[] = []
  const count = (owner: object, name: string, work: (target: string, args: unknown[], result: unknown) => number) => {
    const original = Object.getOwnPropertyDescriptor(owner, name)!
    const call = original.value as (...args: unknown[]) => unknown
    const value = function (this: string, ...args: unknown[]): unknown {
      const size = this?.length
      const result: unknown = Reflect.apply(call, this, args)
      visited += work(this, args, result) || size || 0
      return result
    }
    Object.defineProperty(owner, name, { ...original, value })
    restore.push(() => Object.defineProperty(owner, name, original))
  }
  const whole = (target: { length: number }) => target.length
  for (const name of STRINGS) count(String.prototype, name, whole)
  count(
    String.prototype,
    "indexOf",
    (target, [, from = 0], at) => ((at as number) < 0 ? target.length : (at as number)) - (from as number) + 1,
  )
  count(String.prototype, "slice", (_, __, piece) => (piece as string).length + 1)
  count(String.prototype, "startsWith", (_, [start]) => (start as string).length)
  for (const name of ARRAYS) count(Array.prototype, name, whole)
  count(Array.prototype, "slice", (_, __, piece) => (piece as unknown[]).length + 1)
  count(RegExp.prototype, "test", (_, [text]) => (typeof text === "string" ? text.length : 1))
  count(RegExp.prototype, "exec", (_, [text]) => (typeof text === "string" ? text.length : 1))
  count(JSON, "parse", (_, [text]) => (text as string).length)
  try {
    await run()
  } finally {
    for (const undo of restore.toReversed()) undo()
  }
  return visited
}
