/** The command line is wrong: the command ends with the exit code 2. The message never quotes a value. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}
