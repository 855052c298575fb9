/* The exit codes of every command. The guide lists them, and a test compares the two. */

/** The command did what was asked. */
export const OK = 0
/** The stream failed, or `lint` has found errors or warnings. */
export const FAILED = 1
/** The command line is wrong. */
export const MISUSE = 2

/** A signal ended the command: 128 and the number of the signal. */
export const SIGNAL_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
