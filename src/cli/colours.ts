const CODES = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

/** Functions that colour text, or return it unchanged. */
export type Colours = Readonly<Record<keyof typeof CODES, (text: string) => string>>

/** @param env - The environment of a terminal; anything else has no colours. See https://no-color.org */
export function coloursOf(env: NodeJS.ProcessEnv | false | undefined): Colours {
  const isColoured = typeof env === "object" && !env["NO_COLOR"] && env["TERM"] !== "dumb"
  const colour = (code: number) => (text: string) => (isColoured ? `\u001B[${code}m${text}\u001B[0m` : text)
  return Object.fromEntries(Object.entries(CODES).map(([name, code]) => [name, colour(code)])) as Colours
}
