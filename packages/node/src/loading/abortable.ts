/** The result of `work`, or the reason of the signal as soon as it is aborted. The work itself goes on. */
export function abortable<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const aborted = (): void => reject(signal.reason)
  signal.addEventListener('abort', aborted, { once: true })
  work().then(resolve, reject)
  return promise.finally(() => signal.removeEventListener('abort', aborted))
}
