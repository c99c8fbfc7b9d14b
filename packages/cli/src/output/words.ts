// How ids, addresses and numbers are shown to people.

/** All ids of nodes begin alike: their ends tell them apart. */
export function shortId(id: string): string {
  return id.length > 9 ? `…${id.slice(-8)}` : id
}

/** `HOST:PORT` of a TCP multiaddr, so that it can be pasted behind `--seed`; anything else as it is. */
export function hostPort(address: string): string {
  const parts = /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d+)/.exec(address)
  if (parts === null) return address
  const [, protocol, host, port] = parts
  return protocol === 'ip6' ? `[${host}]:${port}` : `${host}:${port}`
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`
  if (count < 1024 ** 2) return `${(count / 1024).toFixed(count < 10 * 1024 ? 1 : 0)} KB`
  return `${(count / 1024 ** 2).toFixed(1)} MB`
}

const BAR_WIDTH = 30

/** A part from 0 to 1, to see at a glance. */
export function bar(part: number): string {
  return '█'.repeat(Math.round(part * BAR_WIDTH))
}
