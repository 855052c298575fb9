import { parseRecording, type Recording } from "../testing/index.ts"
import { readInput } from "./input.ts"

/**
 * Reads a recording from a file, or from the input of the process.
 *
 * @throws the error of the system, or TypeError if the file is no recording.
 */
export async function readRecording(path: string, signal: AbortSignal): Promise<Recording> {
  return parseRecording(await readInput(path, signal))
}
