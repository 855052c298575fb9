import { count } from "../count.js"

export const runtime = "edge"
export const GET = count
