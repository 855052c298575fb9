import { once } from "node:events"
import { createServer, type AddressInfo } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { runDemo } from "./demo-program.ts"

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`npm start ends at once on ${signal}, with streams open`, async () => {
    const demo = runDemo()
    const url = await demo.origin()
    const [stream, stalled] = await Promise.all([
      fetch(`${url}/ticks`),
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ stream: true, model: "demo-idle", messages: [{ role: "user", content: "x" }] }),
      }),
    ])
    const bodies = Promise.allSettled([stream.text(), stalled.text()])
    const asked = performance.now()
    demo.child.kill(signal)
    expect(await demo.exited).toEqual([0, null])
    // A connection that is kept alive would hold a server for 5 s, and these streams for ever.
    expect(performance.now() - asked).toBeLessThan(4_000)
    expect((await bodies).map(({ status }) => status)).toEqual(["rejected", "rejected"])
    expect(demo.output.err).toBe("")
  })
}

test("npm start says which port is in use and how to choose another", async () => {
  const other = createServer()
  await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void other.close())
  const { port } = other.address() as AddressInfo
  const demo = runDemo({ PORT: String(port) })
  expect((await demo.exited)[0]).toBe(1)
  expect(demo.output.err).toBe(
    `Cannot serve the demo: port ${port} is in use. Stop the program on it, or choose another port: PORT=${port + 1} npm start\n`,
  )
})

test.each(["web", "8081.5", "-1", "65536"])("npm start rejects the PORT %s", async (port) => {
  const demo = runDemo({ PORT: port })
  expect((await demo.exited)[0]).toBe(1)
  expect(demo.output.err).toBe(`Cannot serve the demo: PORT must be an integer from 0 to 65535, not ${port}\n`)
})

test("npm start takes port 8080 if PORT is empty", async () => {
  const demo = runDemo({ PORT: "" })
  // Another program may use the port, which the message then says.
  await Promise.race([once(demo.child.stdout, "data"), demo.exited])
  expect(demo.output.out + demo.output.err).toMatch(/http:\/\/localhost:8080\/|port 8080 is in use/)
})
