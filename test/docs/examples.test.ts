import { globSync, readdirSync, readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"

describe("examples", () => {
  test("README.md and the guides read chunks with ?. at every step", () => {
    const guides = new URL("../../docs/guides/", import.meta.url)
    const pages = readdirSync(guides).map((name) => new URL(name, guides))
    const unsafe = [new URL("../../README.md", import.meta.url), ...pages].flatMap((page) =>
      [...readFileSync(page, "utf8").matchAll(/\w+\.choices\[0\]\??\.delta\.\w+/g)].map(
        (match) => `${page.pathname.split("/").at(-1)}: ${match[0]}`,
      ),
    )
    expect(unsafe).toEqual([])
  })

  test("each sample and program that connects to Redis listens to the errors of its client", () => {
    const textOf = (path: string) => readFileSync(path, "utf8")
    const programs = globSync(["examples/**/*.ts", "demo/server/*.ts"]).map((path) => ({ path, code: textOf(path) }))
    const samples = globSync(["README.md", "docs/**/*.md", "skills/**/*.md", "src/**/*.ts"]).flatMap((path) =>
      textOf(path)
        .split(/^.*```/m)
        .map((code) => ({ path, code })),
    )
    const count = (code: string, part: RegExp) => code.match(part)?.length ?? 0
    const clients = ({ code }: { code: string }) => count(code, /(?:= |await )(?:createClient|new Redis)\(/g)
    const connecting = [...programs, ...samples].filter((one) => clients(one) > 0)
    expect(connecting.length).toBeGreaterThan(5)
    const deaf = connecting.filter((one) => clients(one) > count(one.code, /\.on\("error"/g))
    expect(deaf.map(({ path }) => path)).toEqual([])
  })
})
