import { type Checker, FINE, type Step } from './checker.ts'

/**
 * Nodes that are all honest never refuse each other's messages, and a node that was given a tick does not
 * ask for one at the same moment again: its runtime would spin.
 */
export class Orderly implements Checker {
  readonly name = 'orderly'

  stepped({ host, now, input, outputs }: Step): readonly string[] {
    const wrong: string[] = []
    for (const output of outputs) {
      if (output.kind === 'refused') wrong.push(`it refused ${output.from}: ${output.error.message}`)
    }
    if (input.kind === 'tick' && host.wakeAt <= now) wrong.push('after a tick it wants another one at once')
    return wrong.length === 0 ? FINE : wrong
  }
}
