/** The sessions of a node. */
export class SessionSet<Session> extends Set<Session> {
  #onEmpty: (() => void)[] = []

  override delete(session: Session): boolean {
    const isDeleted = super.delete(session)
    if (this.size > 0) return isDeleted
    const waiting = this.#onEmpty
    this.#onEmpty = []
    for (const resolve of waiting) resolve()
    return isDeleted
  }

  /** Resolves when there is no session. */
  whenEmpty(): Promise<void> {
    return new Promise((resolve) => {
      if (this.size === 0) resolve()
      else this.#onEmpty.push(resolve)
    })
  }
}
