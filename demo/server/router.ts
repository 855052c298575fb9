import type { IncomingMessage, ServerResponse } from "node:http"
import { RequestError, sendError } from "./answer.ts"

export type Handler = (req: IncomingMessage, res: ServerResponse, url: URL) => unknown

/** The handlers of paths, by method. */
export type Routes = readonly (readonly [path: string, handlers: Readonly<Record<string, Handler>>])[]

/** Calls the handler of each request, and answers with the error that it throws. */
export class Router {
  readonly #routes: ReadonlyMap<string, Readonly<Record<string, Handler>>>

  constructor(routes: Routes) {
    this.#routes = new Map(routes)
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const url = urlOf(req)
      const route = this.#routes.get(url.pathname)
      if (route === undefined) throw new RequestError(404, "There is nothing at this path", { code: "not_found" })
      const handler = Object.hasOwn(route, req.method ?? "") ? route[req.method!] : undefined
      if (handler === undefined) throw wrongMethod(Object.keys(route).join(", "))
      await handler(req, res, url)
    } catch (error) {
      sendError(res, error)
    }
  }
}

/** Parses the path and query of a request, whose target may be any text. */
function urlOf(req: IncomingMessage): URL {
  const target = req.url ?? ""
  try {
    if (!target.startsWith("/") || target.startsWith("//")) throw new TypeError("Not a path")
    return new URL(`http://localhost${target}`)
  } catch {
    throw new RequestError(400, "The request target must be a path", { code: "bad_target" })
  }
}

function wrongMethod(allow: string): RequestError {
  return new RequestError(405, `The method must be one of ${allow}`, { code: "wrong_method", headers: { allow } })
}
