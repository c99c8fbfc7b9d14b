import type { Configuration } from '@cachemesh/protocol'
import { Random } from '../chance/random.ts'
import { Exchange } from '../configuration/exchange.ts'
import { Hold } from '../configuration/hold.ts'
import { Ledger } from '../configuration/ledger.ts'
import { RULES } from '../limits/limits.ts'

/** An exchange that holds a document, linked to peers. */
export function holding(
  document: Configuration,
  ...peers: string[]
): { readonly ledger: Ledger; readonly exchange: Exchange } {
  const ledger = new Ledger(document)
  const exchange = new Exchange({
    ledger,
    linked: new Set(peers),
    random: new Random(1),
    hold: new Hold(0, () => true),
    antiEntropyMs: RULES.antiEntropyMs,
    now: 1,
  })
  return { ledger, exchange }
}
