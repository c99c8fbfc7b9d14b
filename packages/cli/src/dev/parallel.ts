/** Calls `use` for each item, some at a time. Rejects with the first failure; then no more are begun. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  use: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  let failed = false
  const worker = async () => {
    while (next < items.length && !failed) {
      const index = next++
      try {
        await use(items[index] as T, index)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
}
