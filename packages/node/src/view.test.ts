import { author, Configuration, registerRecord } from '@cachemesh/protocol'
import { expect, it } from 'vitest'
import { viewConfiguration } from './view.ts'

it('shows values under their own names, whatever the names are, and those that are gone not at all', () => {
  const json = '{"polluted":true}'
  const records = ['settings/__proto__', 'stores/constructor', 'placements/7', 'namespaces/a/b'].map(name =>
    registerRecord({ name, counter: 1, json }),
  )
  const gone = registerRecord({ name: 'settings/gone', counter: 2, json: 'null' })
  const view = viewConfiguration(author(Configuration.empty('mesh'), [...records, gone], 1))
  expect(Object.keys(view.settings)).toEqual(['__proto__'])
  expect(Object.getPrototypeOf(view.settings)).toBe(Object.prototype)
  expect('polluted' in view.settings).toBe(false)
  expect(Object.keys(view.stores)).toEqual(['constructor'])
  expect(view.placements).toEqual({ 7: { polluted: true } })
  expect(view.namespaces).toEqual({ 'a/b': { polluted: true } })
})
