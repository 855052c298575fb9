import type { Behaviour } from "../behaviour.ts"
import { closeBehaviours } from "./close.ts"
import { connectionBehaviours } from "./connection.ts"
import { constructorBehaviours } from "./constructor.ts"
import { crossOriginBehaviours } from "./cross-origin.ts"
import { eventBehaviours } from "./events.ts"
import { handlerBehaviours } from "./handlers.ts"
import { interfaceBehaviours } from "./interface.ts"
import { resumingBehaviours } from "./resuming.ts"
import { streamBehaviours } from "./stream.ts"

/** All behaviours of the class, area by area. */
export const behaviours: readonly Behaviour[] = [
  ...interfaceBehaviours,
  ...constructorBehaviours,
  ...eventBehaviours,
  ...handlerBehaviours,
  ...streamBehaviours,
  ...connectionBehaviours,
  ...resumingBehaviours,
  ...crossOriginBehaviours,
  // Last, because stopping a page also stops its other requests.
  ...closeBehaviours,
]
