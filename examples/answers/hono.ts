import { type Context, Hono } from "hono"
import { DELETE, GET, POST } from "./route.ts"

const contextOf = ({ req }: Context<object, "/api/answers/:id">) => ({
  params: Promise.resolve({ id: req.param("id") }),
})

export const app = new Hono()
app.post("/api/answers/:id", (context) => POST(context.req.raw, contextOf(context)))
app.get("/api/answers/:id", (context) => GET(context.req.raw, contextOf(context)))
app.delete("/api/answers/:id", (context) => DELETE(context.req.raw, contextOf(context)))
