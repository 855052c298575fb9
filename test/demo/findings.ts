import type axe from "axe-core"
import type { Page } from "playwright"

/**
 * Returns the serious and critical findings below an element, as `rule: element`. Findings that axe is not sure about
 * count too, except contrast: it cannot compute the contrast of text that is scrolled out of a log.
 */
export async function findings(page: Page, selector: string): Promise<string[]> {
  const { violations, incomplete } = await page.evaluate(
    (include) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(include, { resultTypes: ["violations", "incomplete"] }),
    selector,
  )
  return [...violations, ...incomplete.filter(({ id }) => id !== "color-contrast")]
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`))
}
