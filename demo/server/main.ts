import type { Front } from "./front.ts"
import { DemoServer, STORED_TOKEN_MS } from "./demo-server.ts"

/** An empty PORT or REDIS_URL counts as not set. */
const port = Number(process.env["PORT"] || 8080)
const redisUrl = process.env["REDIS_URL"] || undefined

/** Serves the demo on the loopback interface until a signal ends the process. */
async function main(): Promise<void> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`Cannot serve the demo: PORT must be an integer from 0 to 65535, not ${process.env["PORT"]}`)
  }
  const pageDirectory = new URL("../page/", import.meta.url)
  const demo = new DemoServer(
    redisUrl === undefined ? { pageDirectory } : { pageDirectory, stored: await front(redisUrl) },
  )
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => demo.close())
  const actual = await demo.listen("127.0.0.1", port)
  // Some clients resolve "localhost" to ::1. A machine without IPv6 needs no second server.
  await demo.listen("::1", actual).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE") throw error
  })
  const how = redisUrl === undefined ? "" : "two processes on Redis, "
  console.log(`steadystream demo: http://localhost:${actual}/  (${how}Ctrl-C ends it)`)
}

/** Starts two server processes on Redis. Why not imported above: without REDIS_URL no client of Redis is loaded. */
async function front(url: string): Promise<Front> {
  const module = await import("./front.ts")
  return module.Front.start(url, STORED_TOKEN_MS)
}

main().catch((error: NodeJS.ErrnoException) => {
  console.error(
    error.code === "EADDRINUSE"
      ? `Cannot serve the demo: port ${port} is in use. Stop the program on it, or choose another port: PORT=${port + 1} npm start`
      : error.message,
  )
  process.exit(1)
})
