/* The panel that shows a recording: its wire, its events and its attempts on one time axis. */
import { formatRecording, parseRecording, type Recording } from "steadystream/testing"
import { find, onAction, setAvailable, setOutcome } from "../dom.ts"
import type { RecordedPanel } from "../tape.ts"
import { tape } from "../tape.ts"
import { Axis } from "./axis.ts"
import { FilterBar } from "./filter-bar.ts"
import { fixtureOf, fixtureWithFile } from "./fixture.ts"
import { takeFiles } from "./file-drop.ts"
import { showDetail } from "./mark-detail.ts"
import type { MarkHandlers } from "./mark-handlers.ts"
import { MarkList } from "./mark-list.ts"
import { type Mark, type Model, modelOf } from "./model.ts"
import { startScenario } from "./scenarios.ts"
import { summaryOf } from "./summary.ts"
import { WireView } from "./wire-view.ts"

const SHOW_EVERY_MS = 200
const FILE = "recording.jsonl"

type View = "axis" | "wire" | "list"

export class InspectorPanel {
  readonly #root: HTMLElement
  readonly #axis: Axis
  readonly #wire: WireView
  readonly #list: MarkList
  readonly #filter: FilterBar
  readonly #switch: HTMLButtonElement
  readonly #scenario: HTMLSelectElement
  #recording: Recording | undefined = undefined
  #model: Model | undefined = undefined
  #selected: Mark | undefined = undefined
  #timer: ReturnType<typeof setTimeout> | undefined = undefined

  constructor(root: HTMLElement) {
    this.#root = root
    this.#axis = new Axis(find(root, ".axis"), this.#handlersOf("axis"))
    this.#wire = new WireView(find(root, ".wire-bytes"), this.#handlersOf("wire"))
    this.#list = new MarkList(find(root, ".marks"), find(root, ".no-marks"), this.#handlersOf("list"))
    this.#filter = new FilterBar(find(root, ".filter"), () => this.#showFiltered())
    this.#scenario = find(root, '[data-choice="scenario"]', HTMLSelectElement)
    this.#switch = onAction(root, "record", () => void this.#setRecording(!this.#isRecording))
    const input = find(root, 'input[type="file"]', HTMLInputElement)
    onAction(root, "open", () => input.click())
    takeFiles(root, input, (file) => void this.#open(file))
    onAction(root, "example", () => void this.#openExample())
    onAction(root, "save", () => this.#save())
    onAction(root, "copy", () => void this.#copy())
    this.#setAvailable(false)
  }

  get #isRecording(): boolean {
    return this.#switch.getAttribute("aria-checked") === "true"
  }

  async #setRecording(isOn: boolean): Promise<void> {
    this.#switch.setAttribute("aria-checked", String(isOn))
    setAvailable(this.#scenario, !isOn)
    this.#scenario.disabled = isOn
    if (!isOn) return this.#stop()
    const panel = this.#scenario.value as RecordedPanel
    tape.start(panel, () => (this.#timer ??= setTimeout(() => this.#showTape(), SHOW_EVERY_MS)))
    this.#selected = undefined
    this.#show({ version: 1, entries: [] })
    setOutcome(this.#root, "Recording. The scenario runs in its panel above.")
    if (await startScenario(panel)) return
    void this.#setRecording(false)
    setOutcome(this.#root, "The scenario could not be started. Is npm start still running?", "bad")
  }

  #stop(): void {
    this.#showTape()
    tape.stop()
    if (this.#model !== undefined) setOutcome(this.#root, `Recorded ${summaryOf(this.#model)}.`, "good")
  }

  #showTape(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { recording } = tape
    if (recording === undefined) return
    this.#show(recording)
    setOutcome(this.#root, `Recording: ${summaryOf(this.#model!)} so far.`)
  }

  async #open(file: Pick<Blob, "text"> & { readonly name?: string }): Promise<void> {
    if (this.#isRecording) await this.#setRecording(false)
    try {
      const recording = parseRecording(await file.text())
      this.#selected = undefined
      this.#show(recording)
      setOutcome(this.#root, `${file.name ?? "The example"}: ${summaryOf(this.#model!)}.`, "good")
    } catch (error) {
      setOutcome(this.#root, `${file.name ?? "The example"} is not shown. ${(error as Error).message}.`, "bad")
    }
  }

  async #openExample(): Promise<void> {
    try {
      await this.#open(await fetch("/example.jsonl"))
    } catch {
      setOutcome(this.#root, "The demo’s server does not answer. Is npm start still running?", "bad")
    }
  }

  #show(recording: Recording): void {
    const model = modelOf(recording)
    this.#recording = recording
    this.#model = model
    this.#selected = model.marks[this.#selected?.index ?? -1]
    find(this.#root, ".inspected").hidden = model.marks.length === 0
    this.#setAvailable(model.marks.length > 0)
    find(this.#root, "[data-fixture]").textContent = fixtureWithFile(FILE, model)
    this.#filter.setNames(model.marks)
    this.#wire.show(model, this.#isRecording)
    this.#showFiltered()
  }

  #showFiltered(): void {
    const model = this.#model
    if (model === undefined) return
    const isShown = (mark: Mark) => this.#filter.passes(mark)
    this.#axis.show(model, isShown)
    this.#filter.setCount(this.#list.show(model, isShown, this.#isRecording))
    this.#highlight(this.#selected, "none")
  }

  /** What is pointed at is highlighted in all views; the view under the pointer does not scroll. */
  #handlersOf(view: View): MarkHandlers {
    return {
      onPoint: (mark) => this.#highlight(mark ?? this.#selected, mark === undefined ? "none" : view),
      onSelect: (mark) => {
        this.#selected = mark
        this.#highlight(mark, view)
      },
    }
  }

  #highlight(mark: Mark | undefined, view: View | "none"): void {
    this.#axis.highlight(mark)
    this.#wire.highlight(mark, view !== "wire" && view !== "none")
    this.#list.highlight(mark, this.#selected, view !== "none" && (view !== "list" || mark === this.#selected))
    showDetail(find(this.#root, ".detail"), mark, this.#model)
  }

  #setAvailable(available: boolean): void {
    for (const action of ["save", "copy"]) {
      setAvailable(find(this.#root, `[data-action="${action}"]`), available)
    }
  }

  #save(): void {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(new Blob([formatRecording(this.#recording!)], { type: "application/jsonl" }))
    link.download = FILE
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 1000)
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(fixtureOf(this.#recording!, this.#model!))
      setOutcome(this.#root, "Copied: tests with the recording in them. Paste them into a test file.", "good")
    } catch {
      setOutcome(this.#root, "The browser does not allow this page to copy. Save the recording instead.", "bad")
    }
  }
}
