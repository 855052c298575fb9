/** Calls `open` with each file that the user chooses in `input` or drops on `target`. */
export function takeFiles(target: HTMLElement, input: HTMLInputElement, open: (file: File) => void): void {
  const take = (files: FileList | null | undefined): void => {
    const file = files?.[0]
    if (file !== undefined) open(file)
  }
  input.addEventListener("change", () => {
    take(input.files)
    // The same file can be chosen again after it was changed.
    input.value = ""
  })
  const setOver = (isOver: boolean): void => void target.classList.toggle("drop", isOver)
  target.addEventListener("dragover", (event) => {
    event.preventDefault()
    setOver(true)
  })
  target.addEventListener("dragleave", () => setOver(false))
  target.addEventListener("drop", (event) => {
    event.preventDefault()
    setOver(false)
    take(event.dataTransfer?.files)
  })
}
