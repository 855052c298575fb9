/* The dialects that this package reads and writes, by name. */
import type { ChunkDialect } from "../reading/chunk-dialect.ts"
import { chatDialect } from "./chat.ts"
import { completionDialect } from "./completions.ts"
import { responseDialect } from "./responses.ts"

/** The API whose streams are read or written: it sets the shape of a chunk, of an error and of the end. */
export type DialectName = "chat" | "completions" | "responses"

/** The kind of the option. */
export const DIALECT = '"chat", "completions" or "responses"'

/** Returns the dialect for reading streams of the API `name`. */
export function dialectOf(name: DialectName): ChunkDialect<object, unknown> {
  if (name === "responses") return responseDialect()
  return name === "completions" ? completionDialect : chatDialect
}
