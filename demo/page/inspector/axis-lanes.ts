/* Draws the lanes of the time axis. */
import type { AxisLayout } from "./axis-layout.ts"
import { shortTime } from "./descriptions.ts"
import type { Lane, Mark, Model } from "./model.ts"
import { gapsOf } from "./relations.ts"
import { svg } from "./svg.ts"

const TRACK_TOP = 22
const TRACK_HEIGHT = 32
const EVENT_Y = 31
const CHUNK_BOTTOM = 52
const TALLEST_CHUNK = 14
const SHORTEST_CHUNK = 4
const CHARACTER_PX = 6.7

/** Returns the grid and the times below it. */
export function gridOf(layout: AxisLayout): SVGElement {
  const bottom = layout.height - 20
  return svg(
    "g",
    { class: "grid" },
    ...layout.labels().flatMap((ms) => {
      const x = layout.x(ms)
      const anchor = ms === 0 ? "start" : x > layout.width - 30 ? "end" : "middle"
      return [
        svg("line", { x1: x, x2: x, y1: 0, y2: bottom }),
        svg("text", { x: ms === 0 ? x - 4 : x, y: layout.height - 5, "text-anchor": anchor }, shortTime(ms)),
      ]
    }),
  )
}

/** Returns the states of each subscription and its retries. */
export function stateLanes({ states, marks }: Model, layout: AxisLayout): SVGElement {
  const spans = states.map(({ lane, state, from, to }) => {
    const x = layout.x(from)
    const width = Math.max(layout.x(to) - x, 2)
    const y = layout.top(lane) + 8
    const label = width > state.length * CHARACTER_PX + 8 ? state : ""
    return svg(
      "g",
      { "data-state": state, class: "span" },
      svg("rect", { x, y, width, height: 24 }),
      svg("rect", { x, y, width: 2, height: 24, class: "edge" }),
      svg("text", { x: x + 7, y: y + 16 }, label),
    )
  })
  const signs = marks.filter(({ kind }) => kind === "retry" || kind === "failure" || kind === "limit")
  return svg(
    "g",
    {},
    ...spans,
    ...signs.map((mark) => signOf(layout.x(mark.at), layout.top(mark.lane) + 36, mark.kind)),
  )
}

/** Returns the lane of a request. */
export function laneOf(lane: Lane, place: number, { marks, duration }: Model, layout: AxisLayout): SVGElement {
  const own = marks.filter((mark) => mark.lane === place)
  return svg(
    "g",
    { transform: `translate(0 ${layout.top(place)})` },
    titleOf(lane, layout),
    ...trackOf(lane, layout),
    ...gapLines(lane, duration, layout),
    chunkTicks(lane, layout),
    ...own.filter(({ kind }) => kind === "event").map((mark) => eventDot(mark, layout)),
    ...(lane.outcome === undefined ? [] : [endOf(lane.outcome, layout.x(lane.end))]),
  )
}

function titleOf({ title, status, start }: Lane, layout: AxisLayout): SVGElement {
  const room = Math.floor((layout.width - 32) / CHARACTER_PX) - 6
  const short = title.length > room ? `${title.slice(0, room - 1)}…` : title
  const width = (short.length + 5) * CHARACTER_PX
  const x = Math.max(Math.min(layout.x(start), layout.width - 16 - width), 16)
  const number = svg("tspan", { class: (status ?? 0) >= 400 ? "bad" : "status", dx: 7 }, String(status ?? ""))
  return svg("text", { x, y: 15, class: "title" }, short, number)
}

function trackOf({ start, head, end, status }: Lane, layout: AxisLayout): SVGElement[] {
  const [from, middle, to] = [layout.x(start), layout.x(head ?? end), layout.x(end)]
  const state = (status ?? 0) >= 400 ? "failed" : "open"
  const track = (x: number, width: number, name: string) =>
    svg("rect", {
      x,
      y: TRACK_TOP,
      width: Math.max(width, 1),
      height: TRACK_HEIGHT,
      "data-state": name,
      class: "track",
    })
  const waiting = track(from, middle - from, "connecting")
  if (head === undefined) return [waiting]
  const mark = svg("rect", {
    x: middle,
    y: TRACK_TOP,
    width: 2,
    height: TRACK_HEIGHT,
    "data-state": state,
    class: "edge",
  })
  return [waiting, track(middle, to - middle, state), mark]
}

function gapLines(lane: Lane, duration: number, layout: AxisLayout): SVGElement[] {
  return gapsOf(lane, duration).map(({ from, to }) => {
    const [left, right] = [layout.x(from) + 6, layout.x(to) - 6]
    const label = shortTime(to - from)
    const hasRoom = right - left > label.length * CHARACTER_PX + 14
    const middle = (left + right) / 2
    const half = hasRoom ? (label.length * CHARACTER_PX) / 2 + 5 : 0
    const y = TRACK_TOP + TRACK_HEIGHT / 2
    return svg(
      "g",
      { class: "gap" },
      svg("path", { d: `M${left} ${y}H${middle - half}M${middle + half} ${y}H${Math.max(right, left)}` }),
      svg("text", { x: middle, y: y + 4, "text-anchor": "middle" }, hasRoom ? label : ""),
    )
  })
}

/** All ticks are one path, because a recording may have thousands. The taller a tick, the larger its chunk. */
function chunkTicks({ chunks }: Lane, layout: AxisLayout): SVGElement {
  const largest = chunks.reduce((most, { bytes }) => Math.max(most, bytes.length), 1)
  const d = chunks.map(({ at, bytes }) => {
    const height = SHORTEST_CHUNK + (TALLEST_CHUNK - SHORTEST_CHUNK) * Math.sqrt(bytes.length / largest)
    return `M${layout.x(at)} ${CHUNK_BOTTOM}v${-Math.round(height)}`
  })
  return svg("path", { class: "chunks", d: d.join("") })
}

function eventDot({ index, at, isError, name }: Mark, layout: AxisLayout): SVGElement {
  const kind = isError ? "bad" : ["comment", "control", "body"].includes(name) ? "quiet" : "event"
  return svg("circle", { cx: layout.x(at), cy: EVENT_Y, r: 3.5, class: kind, "data-mark": index })
}

function endOf(outcome: NonNullable<Lane["outcome"]>, x: number): SVGElement {
  // Beside the end, so that it does not hide the last chunk.
  return signOf(x + 8, TRACK_TOP + TRACK_HEIGHT / 2, outcome)
}

/** Returns the sign of an end or a retry, with a shape of its own, so that no color is needed. */
function signOf(x: number, y: number, kind: string): SVGElement {
  const shapes: Readonly<Record<string, string>> = {
    end: "M-3 -8V8H3V-8Z",
    cancel: "M-5 -5H5V5H-5Z",
    retry: "M-5 4L0 -5L5 4Z",
    limit: "M-5 0H5",
  }
  const d = shapes[kind] ?? "M-6 -6L6 6M6 -6L-6 6"
  return svg("path", { d, transform: `translate(${x} ${y})`, class: `sign ${kind}` })
}
