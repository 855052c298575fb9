import { existsSync } from "node:fs"
import { afterAll, beforeAll, expect, test } from "vitest"
import { readEvents } from "steadystream"
import { bundleProgram, startProgram } from "../support/channel-program.ts"
import { root } from "../support/root.ts"

const bun = `${root}node_modules/.bin/bun`

let program: Awaited<ReturnType<typeof bundleProgram>>
beforeAll(async () => {
  program = await bundleProgram("test/runtimes/idle-channel-main.ts")
})
afterAll(() => program.remove())

test.skipIf(!existsSync(bun))(
  "the default keepAlive keeps a silent channel open beyond Bun's idle timeout of 10 s",
  async () => {
    const { origin } = await startProgram([bun, program.path])
    const seen: string[] = []
    const response = await fetch(`${origin}/events`)
    const reading = (async () => {
      for await (const { data } of readEvents(response, { onComment: (text) => seen.push(`: ${text}`) })) {
        seen.push(data)
        if (data === "late") return
      }
    })()
    // Bun counts seconds, so a timeout of 10 s cuts within 12 s.
    await new Promise((resolve) => setTimeout(resolve, 12_500))
    await fetch(`${origin}/publish`, { method: "POST", body: "late" })
    await reading
    expect(seen).toEqual([": ", ": keep-alive", "late"])
  },
)
