import { author, Configuration, canonicalJson, registerRecord } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { MESH } from '../testing/members.ts'
import { checkSetting, SETTING_NAMES, SETTINGS, SettingsReader } from './settings.ts'

function saying(values: Record<string, unknown>, mine = Configuration.empty(MESH)): Configuration {
  const records = Object.entries(values).map(([name, value]) => {
    const counter = (mine.register(name)?.counter ?? 0) + 1
    return registerRecord({ name, counter, json: canonicalJson(value) })
  })
  return author(mine, records, 1)
}

describe('the settings of a mesh', () => {
  it('have defaults within their own bounds', () => {
    for (const name of SETTING_NAMES) expect(() => checkSetting(name, SETTINGS[name].default)).not.toThrow()
  })

  it.each([
    ['ttlMs', -1],
    ['ttlMs', 1.5],
    ['ttlMs', '5m'],
    ['ttlMs', Number.NaN],
    ['ttlMs', 10 * 365 * 24 * 3600 * 1000 + 1],
    ['valueBytesMax', 0],
    ['valueBytesMax', 64 * 1024 * 1024 + 1],
    ['timeoutMs', 9],
    ['timeoutMs', Number.POSITIVE_INFINITY],
    ['replicas', 14],
    ['leaseMs', true],
    ['leaseMs', { ms: 1 }],
  ])('refuse %s = %j, with bounds and value in the message', (name, value) => {
    const { min, max } = SETTINGS[name as 'ttlMs']
    const error = expect.objectContaining({
      code: 'ERR_MALFORMED_CONFIGURATION',
      message: expect.stringMatching(`setting ${name} cannot be .* from ${min} to ${max}$`),
    })
    expect(() => checkSetting(name, value)).toThrow(error)
  })

  it('that this version does not know are nobody’s business', () => {
    for (const name of ['__proto__', 'toString', 'ttl']) expect(() => checkSetting(name, {})).not.toThrow()
  })
})

describe('a reader of settings', () => {
  it('prefers what is said of a namespace, then of the mesh, then the default', () => {
    const configuration = saying({
      'settings/ttlMs': 1_000,
      'namespaces/users': { ttlMs: 0, owner: 'somebody' },
      'namespaces/orders': { valueBytesMax: 5 },
    })
    const settings = new SettingsReader(() => configuration)
    const ttls = ['users', 'orders', 'default'].map(name => settings.in(name, 'ttlMs'))
    expect(ttls).toEqual([0, 1_000, 1_000])
    expect(settings.in('orders', 'valueBytesMax')).toBe(5)
    expect(settings.in('users', 'valueBytesMax')).toBe(SETTINGS.valueBytesMax.default)
  })

  it('follows the configuration', () => {
    let configuration = saying({ 'settings/ttlMs': 1, 'namespaces/a': { replicas: 2 } })
    const settings = new SettingsReader(() => configuration)
    expect([settings.mesh, settings.of('a')]).toEqual([{ ttlMs: 1 }, { replicas: 2 }])
    configuration = saying({ 'settings/ttlMs': null, 'namespaces/a': null }, configuration)
    expect([settings.mesh, settings.of('a')]).toEqual([{}, {}])
  })

  it('passes over what another version may have written', () => {
    const configuration = saying({
      'settings/ttlMs': 'soon',
      'settings/replicas': 1_000,
      'settings/leaseMs': 5,
      'settings/__proto__': { ttlMs: 1 },
      'settings/later': [1],
      'namespaces/a': [1],
      'namespaces/b': { timeoutMs: 50, ttlMs: -1, replicas: 3 },
    })
    const settings = new SettingsReader(() => configuration)
    expect(settings.mesh).toEqual({ leaseMs: 5 })
    expect([settings.of('a'), settings.of('b')]).toEqual([{}, { replicas: 3 }])
  })
})
