import { readFile } from "node:fs/promises"
import type { ServerResponse } from "node:http"

const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
  "/example.jsonl": ["example.jsonl", "application/jsonl; charset=utf-8"],
  "/style.css": ["style.css", "text/css; charset=utf-8"],
}

const POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** The paths of the page's files. */
export const PAGE_PATHS: readonly string[] = Object.keys(FILES)

/** Sends one file of the page from the directory that it was built to. */
export async function sendPageFile(res: ServerResponse, path: string, directory: URL): Promise<void> {
  const [file, type] = FILES[path]!
  const body = await readFile(new URL(file, directory))
  res.writeHead(200, {
    "content-type": type,
    "content-length": body.length,
    "cache-control": "no-cache",
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
  })
  res.end(res.req.method === "HEAD" ? undefined : body)
}
