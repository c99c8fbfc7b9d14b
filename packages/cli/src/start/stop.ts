// When the daemon ends: at a signal, when the API is told so, or when the program that started it is gone.

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type Signal = keyof typeof EXIT_CODES

/** Ctrl-C reaches a process from the terminal, and once more from a parent such as npm that passes it on. */
const ONE_SIGNAL_MS = 250
/** Leaving takes a second at most; whatever hangs then does not keep the process. */
const STOP_MAX_MS = 10_000

/** Collects the reasons to stop. A second signal ends the process at once. */
export class Stop {
  /** Resolves at the first reason. */
  readonly asked: Promise<void>
  #first: { readonly signal: Signal | undefined; readonly at: number } | undefined
  #resolve: () => void = () => {}
  readonly #ended: (code: number) => void

  /** `ended` is called before a second signal, or a stop that hangs, ends the process with this code. */
  constructor(ended: (code: number) => void = () => {}) {
    this.#ended = ended
    this.asked = new Promise(resolve => {
      this.#resolve = resolve
    })
    for (const signal of Object.keys(EXIT_CODES) as Signal[]) process.on(signal, this.#signalled)
  }

  get requested(): boolean {
    return this.#first !== undefined
  }

  readonly ask = (): void => this.#stop(undefined)

  /** From now on the end of stdin is a reason too. */
  attach(): void {
    process.stdin.once('end', this.ask).once('error', this.ask).resume()
    // An open stdin would keep the process.
    this.asked.then(() => process.stdin.destroy())
  }

  readonly #signalled = (signal: NodeJS.Signals): void => {
    const first = this.#first
    if (first === undefined || first.signal === undefined) {
      this.#stop(signal as Signal)
      return
    }
    if (first.signal === signal && performance.now() - first.at < ONE_SIGNAL_MS) return
    this.#exit(EXIT_CODES[signal as Signal])
  }

  #stop(signal: Signal | undefined): void {
    const again = this.#first !== undefined
    this.#first = { signal, at: performance.now() }
    if (again) return
    setTimeout(() => this.#exit(1), STOP_MAX_MS).unref()
    this.#resolve()
  }

  #exit(code: number): void {
    this.#ended(code)
    process.exit(code)
  }
}
