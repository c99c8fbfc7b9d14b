import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { findManifests } from './manifests.ts'

it('finds every installed package once, nested and scoped ones too', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cachemesh-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const install = async (path: string, content: string) => {
    await mkdir(join(root, path), { recursive: true })
    await writeFile(join(root, path, 'package.json'), content)
  }
  const modules = 'node_modules'
  await install(`${modules}/a`, '{"name":"a","version":"1.0.0"}')
  await install(`${modules}/a/${modules}/b`, '{"name":"b","version":"1.0.0"}')
  await install(`${modules}/b`, '{"name":"b","version":"2.0.0","grün":true}')
  await install(`${modules}/@scope/c`, '{"name":"@scope/c","version":"3.0.0"}')
  await install(`${modules}/unnamed`, '{"type":"module"}')
  await install(`${modules}/broken`, '{')
  await install('packages/deep', '{"name":"deep","version":"0.0.0"}')
  await symlink('..', join(root, modules, 'circle'))
  await writeFile(join(root, modules, '.package-lock.json'), 'x'.repeat(100_000))
  const { entries, large } = findManifests([join(root, 'packages/deep')])
  const ours = [...entries].filter(([key]) => /^(@scope\/c|[ab]|deep)@/.test(key))
  expect(ours.map(([key]) => key).sort()).toEqual(['@scope/c@3.0.0', 'a@1.0.0', 'b@1.0.0', 'b@2.0.0'])
  expect(String(entries.get('b@2.0.0'))).toBe('{"name":"b","version":"2.0.0","grün":true}')
  expect(large).toBe(join(root, modules, '.package-lock.json'))
})
