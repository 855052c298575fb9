import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { readEvents } from "steadystream"
import { fetchReader, followOverCut, LATE, MANY } from "../support/channel-peers.ts"
import { bundleProgram, remotePeer, startProgram } from "../support/channel-program.ts"

const bin = (name: string) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url))
const runtimes = [
  ["Bun", [bin("bun")]],
  ["Deno", [bin("deno"), "run", "--allow-net=127.0.0.1", "--no-config"]],
] as const

let program: Awaited<ReturnType<typeof bundleProgram>>
beforeAll(async () => {
  program = await bundleProgram("test/runtimes/channels-main.ts")
})
afterAll(() => program.remove())

describe.each(runtimes)("channels on %s", { timeout: 30_000 }, (name, command) => {
  const start = () => startProgram([...command, program.path])

  test.skipIf(!existsSync(command[0]))(
    `a client of ${name} gets live events, is cut, comes back with its cursor and misses nothing`,
    async () => {
      const { origin, errors } = await start()
      const seen = await followOverCut(remotePeer(origin), fetchReader, ["3", "4"])
      expect(seen).toEqual(["1", "2", "3", "4", "live"])
      // Deno warns there about its own signal of a request.
      expect(errors()).not.toMatch(/error/i)
    },
  )

  test.skipIf(!existsSync(command[0]))(
    `a client of ${name} that comes back too late gets a gap, and then what is kept`,
    async () => {
      const { origin } = await start()
      expect(await followOverCut(remotePeer(origin), fetchReader, MANY)).toEqual(LATE)
    },
  )
})

test.skipIf(!existsSync(bin("bun")))(
  "the default keepAlive keeps a silent channel open beyond Bun's idle timeout of 10 s",
  { timeout: 30_000 },
  async () => {
    const { origin } = await startProgram([bin("bun"), program.path])
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
    await remotePeer(origin).publish("late")
    await reading
    expect(seen).toEqual([": ", ": keep-alive", "late"])
  },
)
