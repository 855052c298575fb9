/*
 * Runs the suite in workerd. A Durable Object runs it and serves its handlers, because on that platform only the requests
 * to one Durable Object are sure to reach the same memory.
 */
import type * as Suite from "../suite/index.ts"

type Handler = Parameters<Suite.Serve>[0]

interface Environment {
  readonly SUITE: {
    idFromName(name: string): unknown
    get(id: unknown): { fetch(request: Request): Promise<Response> }
  }
}

/** The bundle, which the configuration adds as a module with this name. */
const SUITE_MODULE = "suite.mjs"

/** Answers `/run?origin=…` with the results of the suite, and `/served/…` with the handler of a case. */
export class SuiteObject {
  readonly #handlers: Map<string, Handler> = new Map()
  #count = 0

  async fetch(request: Request): Promise<Response> {
    const { origin: here, pathname, search, searchParams } = new URL(request.url)
    const [, action, key = "", ...rest] = pathname.split("/")
    if (action === "run") {
      const only = searchParams.get("only") ?? ""
      const serve: Suite.Serve = async (handler) => {
        const path = `${this.#count++}`
        this.#handlers.set(path, handler)
        return { origin: `${here}/served/${path}`, close: async () => void this.#handlers.delete(path) }
      }
      const { run } = (await import(SUITE_MODULE)) as typeof Suite
      return Response.json(await run({ origin: searchParams.get("origin") ?? "", serve, only }))
    }
    const handler = this.#handlers.get(key)
    if (handler === undefined) return new Response(null, { status: 404 })
    return handler(new Request(`${here}/${rest.join("/")}${search}`, request))
  }
}

export default {
  fetch: (request: Request, { SUITE }: Environment): Promise<Response> =>
    SUITE.get(SUITE.idFromName("suite")).fetch(request),
}
