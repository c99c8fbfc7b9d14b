import type { Configuration } from '@cachemesh/protocol'

/** Where the values of a namespace come from, by the configuration of the mesh. */
export interface Source {
  /** What the namespace's `source` says; the namespace's own name when it says nothing. */
  readonly name: string
  /** The data stores of that name, and those whose names begin with it and a slash. */
  readonly stores: Readonly<Record<string, unknown>>
}

/** Undefined when the configuration says nothing of a data store for the namespace. */
export function sourceOf(configuration: Configuration, namespace: string): Source | undefined {
  const name = namedSource(configuration, namespace)
  const isIts = (store: string): boolean => store === name || store.startsWith(`${name}/`)
  const stores = configuration.registers
    .filter(register => register.name.startsWith('stores/') && isIts(register.name.slice('stores/'.length)))
    .map(register => [register.name.slice('stores/'.length), JSON.parse(register.json)] as const)
    .filter(([, store]) => store !== null)
  return stores.length === 0 && name === namespace ? undefined : { name, stores: Object.fromEntries(stores) }
}

function namedSource(configuration: Configuration, namespace: string): string {
  const json = configuration.register(`namespaces/${namespace}`)?.json
  const said = json === undefined ? undefined : (JSON.parse(json) as { source?: unknown } | null)?.source
  return typeof said === 'string' && said !== '' ? said : namespace
}
