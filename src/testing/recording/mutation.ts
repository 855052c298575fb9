import type { BodyPlace } from "./body-place.ts"

/** One change of a recorded body. */
export type Mutation =
  | {
      /** Ends the body cleanly there. */
      readonly cut: BodyPlace
    }
  | {
      /** Breaks the connection there. */
      readonly reset: BodyPlace
    }
  | {
      /** Sends nothing from there on, and leaves the connection open. */
      readonly stall: BodyPlace
    }
  | {
      /** Everything from there on arrives later. */
      readonly delay: BodyPlace
      /** How much later, in milliseconds. */
      readonly by: number
    }
  | {
      /** Replaces the bytes from there on. */
      readonly corrupt: BodyPlace
      /**
       * The bytes that replace as many others.
       * @defaultValue the byte there with all its bits inverted
       */
      readonly bytes?: string | Uint8Array | undefined
    }
  | {
      /** Cuts a chunk in two there. A number cuts every chunk into pieces of at most that many bytes. */
      readonly split: BodyPlace | number
    }
  | {
      /** Joins all chunks into one, which arrives when the last one arrived. */
      readonly merge: true
    }
