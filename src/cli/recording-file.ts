import { readFile } from "node:fs/promises"
import { parseRecording, type Recording } from "../testing/index.ts"

/**
 * Reads a recording.
 *
 * @throws the error of the system, or TypeError if the file is no recording.
 */
export async function readRecording(path: string): Promise<Recording> {
  return parseRecording(await readFile(path, "utf8"))
}
