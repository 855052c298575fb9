import type { IncomingMessage, ServerResponse } from "node:http"
import { SseError } from "steadystream"

/** A request that cannot be served, in the shape that OpenAI-style clients expect. */
export class RequestError extends Error {
  readonly status: number
  readonly param: string | null
  readonly code: string | null
  readonly headers: Record<string, string>

  constructor(
    status: number,
    message: string,
    details: { param?: string; code?: string; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.status = status
    this.param = details.param ?? null
    this.code = details.code ?? null
    this.headers = details.headers ?? {}
  }
}

export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = `${JSON.stringify(body)}\n`
  res.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    ...headers,
  })
  res.end(text)
}

/** Answers with the error. An error of the server itself is sent without its message. */
export function sendError(res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const known = error instanceof RequestError ? error : failureOf(error)
  const type = known.status < 500 ? "invalid_request_error" : "server_error"
  const { message, param, code } = known
  sendJson(res, known.status, { error: { message, type, param, code } }, known.headers)
}

function failureOf(error: unknown): RequestError {
  return SseError.is(error) && error.code === "store-unavailable"
    ? new RequestError(503, "The store of this server does not answer", { code: "store_unavailable" })
    : new RequestError(500, "The server failed")
}

/** Reads the body as JSON. */
export async function readJson(req: IncomingMessage, maxBytes: number): Promise<unknown> {
  const body = await readBody(req, maxBytes)
  try {
    return JSON.parse(body.toString("utf8")) as unknown
  } catch {
    throw new RequestError(400, "The body must be valid JSON", { code: "invalid_json" })
  }
}

function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    req.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBytes) chunks.push(chunk)
      // The rest is read and discarded, so that the client can read the answer, but only up to a limit.
      else if (size > maxBytes * 16) req.destroy()
      else reject(tooLarge(maxBytes))
    })
    req.on("end", () => resolve(Buffer.concat(chunks)))
    req.on("error", reject)
    req.on("close", () => reject(new RequestError(400, "The body must be complete")))
  })
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError(413, `The body must have at most ${maxBytes} bytes`, {
    code: "body_too_large",
    headers: { connection: "close" },
  })
}
