import { expect, test } from "vitest"
import { AppendQueue, type WaitingAppend } from "../../src/redis/append-queue.ts"

interface Append extends WaitingAppend {
  readonly name: string
  /** Why it is no longer sent. */
  refusal?: Error
}
const append = (name: string, options: Partial<Append> = {}): Append => ({
  name,
  isPlain: true,
  bytes: 1,
  signal: undefined,
  ...options,
})

/** A queue whose steps are answered one by one. */
function startQueue() {
  const steps: { readonly names: string[]; answer(results?: (string | Error)[]): Promise<void> }[] = []
  const queue = new AppendQueue<Append, string>(
    (_, appends) =>
      new Promise((resolve) => {
        const names = appends.map(({ name }) => name)
        steps.push({
          names,
          answer: async (results = names) => {
            resolve(results)
            await new Promise((done) => setTimeout(done))
          },
        })
      }),
    ({ refusal }) => refusal,
  )
  return { queue, steps }
}

test("AppendQueue sends one step at a time, and together what waits", async () => {
  const { queue, steps } = startQueue()
  const results = ["a", "b", "c"].map((name) => queue.add("log", append(name)))
  void queue.add("other", append("d"))
  expect(steps.map(({ names }) => names)).toEqual([["a"], ["d"]])
  await steps[0]!.answer()
  expect(steps[2]!.names).toEqual(["b", "c"])
  await steps[2]!.answer()
  expect(await Promise.all(results)).toEqual(["a", "b", "c"])
  void queue.add("log", append("e"))
  expect(steps[3]!.names).toEqual(["e"])
})

test("AppendQueue sends alone what is not plain, and what is large", async () => {
  const { queue, steps } = startQueue()
  const special = { isPlain: false }
  const large = { bytes: 200_000 }
  const all = [append("a"), append("b"), append("c", special), append("d"), append("e", large), append("f", large)]
  for (const one of all) void queue.add("log", one)
  for (let at = 0; at < 5; at++) await steps[at]!.answer()
  expect(steps.map(({ names }) => names)).toEqual([["a"], ["b"], ["c"], ["d", "e"], ["f"]])
})

test("AppendQueue rejects each append with its own error, and all of a step that failed", async () => {
  const failing = new AppendQueue<Append, string>(
    async (name) => {
      if (name === "down") throw new Error("down")
      return [new Error("refused")]
    },
    () => undefined,
  )
  const outcomes = await Promise.allSettled([
    failing.add("log", append("a")),
    failing.add("down", append("b")),
    failing.add("down", append("c")),
  ])
  expect(outcomes.map((outcome) => String((outcome as PromiseRejectedResult).reason))).toEqual([
    "Error: refused",
    "Error: down",
    "Error: down",
  ])
})

test("AppendQueue does not send what is aborted while it waits", async () => {
  const { queue, steps } = startQueue()
  const abort = new AbortController()
  void queue.add("log", append("a"))
  const aborted = queue.add("log", append("b", { signal: abort.signal })).catch((error: unknown) => String(error))
  void queue.add("log", append("c"))
  abort.abort(new Error("the reason"))
  await steps[0]!.answer()
  expect(await aborted).toBe("Error: the reason")
  expect(steps[1]!.names).toEqual(["c"])
})

test("AppendQueue rejects what is refused when its turn comes, and sends the rest", async () => {
  const { queue, steps } = startQueue()
  const late = append("b")
  const results = [append("a"), late, append("c")].map((one) =>
    queue.add("log", one).catch((error: unknown) => String(error)),
  )
  late.refusal = new Error("too late")
  await steps[0]!.answer()
  expect(await results[1]).toBe("Error: too late")
  expect(steps[1]!.names).toEqual(["c"])
})
