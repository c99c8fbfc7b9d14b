import { styleText } from 'node:util'
import { problemLine } from '../output/problem.ts'

type Style = Parameters<typeof styleText>[0]

const TITLE_WIDTH = 68

/**
 * What `dev` prints: steps that are done one after the other. In a terminal the one under way shows how far it
 * is; elsewhere there are plain lines only.
 */
export class Terminal {
  readonly #live: boolean = process.stdout.isTTY === true
  #silent = false

  /** Runs a step. It may report progress, and resolves to lines that say what was seen. */
  async step(title: string, work: (progress: (text: string) => void) => Promise<Shown>): Promise<void> {
    const startedAt = performance.now()
    this.#progress(title, '')
    try {
      const shown = await work(text => this.#progress(title, text))
      this.#mark('✓', 'green', { title: shown.title ?? title, startedAt })
      for (const line of shown.lines) this.line(`    ${line}`)
    } catch (error) {
      this.#mark('✗', 'red', { title, startedAt })
      this.line(`    ${problemLine(error).replace(/^cachemesh: /, '')}`)
      throw error
    }
  }

  line(text = ''): void {
    if (!this.#silent) process.stdout.write(`${text}\n`)
  }

  /** Nothing more is printed by steps that are still under way. */
  interrupt(): void {
    if (this.#live) process.stdout.write('\r\x1b[K')
    this.#silent = true
  }

  /** Undoes `interrupt` for the last words. */
  resume(): void {
    this.#silent = false
  }

  style(style: Style, text: string): string {
    return styleText(style, text, { stream: process.stdout })
  }

  #progress(title: string, text: string): void {
    if (!this.#live || this.#silent) return
    process.stdout.write(`\r\x1b[K  ${this.style('dim', '·')} ${title} ${this.style('dim', text)}`)
  }

  #mark(mark: string, style: Style, { title, startedAt }: { title: string; startedAt: number }): void {
    const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
    const clear = this.#live && !this.#silent ? '\r\x1b[K' : ''
    this.line(
      `${clear}  ${this.style(style, mark)} ${this.style('bold', title.padEnd(TITLE_WIDTH))}${this.style('dim', seconds.padStart(6))}`,
    )
  }
}

export interface Shown {
  /** Instead of the title of the step, when more is known. */
  readonly title?: string
  readonly lines: readonly string[]
}
