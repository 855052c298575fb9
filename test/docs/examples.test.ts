import { readdirSync, readFileSync } from "node:fs"
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
})
