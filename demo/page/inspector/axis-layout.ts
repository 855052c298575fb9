/* Where the time axis draws what: pixels of times and lanes. */
import type { Mark, Model } from "./model.ts"

const PADDING = 16
const LANE_HEIGHT = 62
const STATES_HEIGHT = 44
const FOOT_HEIGHT = 24
/** The shortest distance of two labels below the axis. */
const LABEL_PX = 64

export class AxisLayout {
  readonly width: number
  readonly height: number
  /** The height of all states; 0 if the recording has none. */
  readonly statesHeight: number
  readonly #model: Model

  constructor(model: Model, width: number) {
    this.#model = model
    this.width = width
    this.statesHeight = model.subscriptions * STATES_HEIGHT
    this.height = this.statesHeight + model.lanes.length * LANE_HEIGHT + FOOT_HEIGHT
  }

  /** The pixel of a time. */
  x(ms: number): number {
    const { duration } = this.#model
    const part = duration === 0 ? 0 : ms / duration
    return Math.round((PADDING + part * (this.width - 2 * PADDING)) * 10) / 10
  }

  /** The first pixel of a lane; -1 and below are the subscriptions. */
  top(lane: number): number {
    return lane < 0 ? (-1 - lane) * STATES_HEIGHT : this.statesHeight + lane * LANE_HEIGHT
  }

  /** The round times below the axis. */
  labels(): number[] {
    const { duration } = this.#model
    const raw = (duration * LABEL_PX) / Math.max(this.width - 2 * PADDING, LABEL_PX)
    if (raw <= 0) return [0]
    const power = 10 ** Math.floor(Math.log10(raw))
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw)!
    return Array.from({ length: Math.floor(duration / step) + 1 }, (_, index) => index * step)
  }

  /** The mark that is nearest to a point: in the upper half of a lane an event, in the lower half a chunk. */
  markAt(x: number, y: number): Mark | undefined {
    const isState = y < this.statesHeight
    const lane = isState ? -1 - Math.floor(y / STATES_HEIGHT) : Math.floor((y - this.statesHeight) / LANE_HEIGHT)
    const isLower = lane >= 0 && y - this.top(lane) > 40
    const distanceTo = ({ at, kind }: Mark) => {
      const other = isLower ? kind === "event" : kind === "chunk"
      return Math.abs(this.x(at) - x) + (other ? 3 : 0)
    }
    let nearest: Mark | undefined
    for (const mark of this.#model.marks) {
      if (mark.lane === lane && (nearest === undefined || distanceTo(mark) < distanceTo(nearest))) nearest = mark
    }
    return nearest
  }
}
