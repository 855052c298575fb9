import type { SuiteResult } from "../suite/index.ts"

/** The suite's results in one runtime. */
export interface RuntimeReport {
  /** The name of the runtime, such as `Node`. */
  readonly runtime: string
  /** The version that the runtime reports. */
  readonly version: string
  /** The kind of realm, such as `process`, `page` or `dedicated worker`. */
  readonly scope: string
  readonly results: readonly SuiteResult[]
}

/**
 * Returns the runners whose names begin with one of `names`.
 *
 * @throws Error if a name chooses none, since a check that runs nothing must not pass.
 */
export function runnersNamed(names: readonly string[], runners: readonly Runner[]): readonly Runner[] {
  const wrong = names.find((start) => !runners.some(({ name }) => name.startsWith(start)))
  if (wrong === undefined) return runners.filter(({ name }) => names.some((start) => name.startsWith(start)))
  throw new Error(`Cannot choose "${wrong}": it must be the start of ${runners.map(({ name }) => name).join(", ")}`)
}

/** @throws Error if a report has no case. */
export function checkReports(reports: readonly RuntimeReport[]): void {
  for (const { results, scope } of reports) if (results.length === 0) throw new Error(`no case has run in the ${scope}`)
}

/** Runs the bundled suite in one runtime, against a fixture server. Rejects if the runtime does not report. */
export interface Runner {
  /** The name by which the runner is chosen, such as `node-22`. */
  readonly name: string
  /** Whether the version of the runtime comes from a lock file of this repository, and not from the machine. */
  readonly isPinned: boolean
  /** Returns why the runner cannot run on this machine, if it cannot. */
  missing(): string | undefined
  /** @param only - Runs only the features whose name contains this text. */
  run(bundlePath: string, origin: string, only?: string): Promise<readonly RuntimeReport[]>
}
