import { find, isAvailable, setAvailable } from "./dom.ts"
import { SCENARIOS, type Scenario } from "./chat-scenarios.ts"

/** The choice of a scenario: rows of radio buttons, and a hint about the chosen one. */
export class ScenarioChoice {
  readonly #fieldset: HTMLFieldSetElement
  readonly #hint: HTMLElement
  readonly #onChoose: (scenario: Scenario) => void
  #chosen: Scenario

  constructor(fieldset: HTMLFieldSetElement, onChoose: (scenario: Scenario) => void) {
    this.#fieldset = fieldset
    this.#hint = find(fieldset, ".hint")
    this.#onChoose = onChoose
    this.#chosen = SCENARIOS[0]!.scenarios[0]!
    for (const { title, scenarios } of SCENARIOS) this.#hint.before(this.#rowOf(title, scenarios))
    // Cancelling the click keeps the choice, also if an arrow key caused the click.
    fieldset.addEventListener("click", (event) => {
      if (!isAvailable(fieldset)) event.preventDefault()
    })
    this.#choose(this.#chosen)
  }

  get chosen(): Scenario {
    return this.#chosen
  }

  set available(available: boolean) {
    setAvailable(this.#fieldset, available)
  }

  #rowOf(title: string, scenarios: readonly Scenario[]): HTMLElement {
    const row = document.createElement("div")
    row.className = "row"
    row.setAttribute("role", "group")
    row.setAttribute("aria-label", title)
    const head = document.createElement("span")
    head.className = "row-title"
    head.setAttribute("aria-hidden", "true")
    head.textContent = title
    row.append(head, ...scenarios.map((scenario) => this.#radioOf(scenario)))
    return row
  }

  #radioOf(scenario: Scenario): HTMLElement {
    const label = document.createElement("label")
    const radio = document.createElement("input")
    radio.type = "radio"
    radio.name = "scenario"
    radio.value = scenario.label
    radio.checked = scenario === this.#chosen
    radio.addEventListener("change", () => this.#choose(scenario))
    const text = document.createElement("span")
    text.textContent = scenario.label
    label.append(radio, text)
    return label
  }

  #choose(scenario: Scenario): void {
    this.#chosen = scenario
    this.#hint.textContent = scenario.hint
    this.#onChoose(scenario)
  }
}
