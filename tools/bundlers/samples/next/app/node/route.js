import { count } from "../count.js"

export const dynamic = "force-dynamic"
export const GET = count
