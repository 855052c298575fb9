import type axe from "axe-core"
import type { Page } from "playwright"

/**
 * Returns the serious and critical findings below an element, as `rule: element`. Findings that axe is not sure about
 * count too, except contrast: it cannot compute the contrast of text that is scrolled out of a log. A finding counts if a
 * second look has one of the same rule, because the page may change while axe looks at it.
 */
export async function findings(page: Page, selector: string): Promise<string[]> {
  const first = await lookAt(page, selector)
  if (first.length === 0) return first
  const rules = new Set(first.map(ruleOf))
  return (await lookAt(page, selector)).filter((finding) => rules.has(ruleOf(finding)))
}

const ruleOf = (finding: string) => finding.split(":")[0]

async function lookAt(page: Page, selector: string): Promise<string[]> {
  const { violations, incomplete } = await page.evaluate(
    (include) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(include, { resultTypes: ["violations", "incomplete"] }),
    selector,
  )
  return [...violations, ...incomplete.filter(({ id }) => id !== "color-contrast")]
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`))
}
