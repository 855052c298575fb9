/* Shows each status of an order as an item of a list. */
import { followOrder } from "./follow-order.ts"

export async function showOrder(order: string, list: HTMLElement): Promise<void> {
  for await (const { data } of followOrder(order, { url: "/orders" })) {
    const item = document.createElement("li")
    item.textContent = (JSON.parse(data) as { status: string }).status
    list.append(item)
  }
}

await showOrder("42", document.querySelector("ul")!)
