/* Finds the programs that tests need and the machine may not have. */
import { accessSync, constants } from "node:fs"

/** A program that tests need. */
export interface Program {
  readonly name: string
  /** The environment variable that may name its file. */
  readonly variable: string
  readonly places: readonly string[]
  /** Its package in Debian. */
  readonly debian: string
}

/** The installed program. Without one its tests are skipped by name, which fails under `CI=true`. */
export function findInstalled({ name, variable, places, debian }: Program): string | undefined {
  const found = [process.env[variable], ...places].find((place) => place !== undefined && isExecutable(place))
  if (found === undefined && process.env["CI"] === "true") {
    throw new Error(`${name} not found (install Debian's ${debian} or set ${variable})`)
  }
  return found
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
