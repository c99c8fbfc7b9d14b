import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readStartOptions } from './options.ts'

async function fileOf(content: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cachemesh-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const path = join(directory, 'mesh.json')
  await writeFile(path, content)
  return path
}

describe('what a node is started with', () => {
  it('are defaults on loopback when nothing is given', async () => {
    expect(await readStartOptions({})).toEqual({
      node: { listen: ['127.0.0.1:7400'] },
      api: '127.0.0.1:7480',
      format: 'text',
      attached: false,
    })
  })

  it('takes a configuration file over defaults, and flags over the file', async () => {
    const config = await fileOf(
      JSON.stringify({
        listen: '0.0.0.0:7400',
        seed: ['a:1', 'b:2'],
        'key-file': 'mesh.key',
        'data-dir': 'data',
        memory: 1_048_576,
        weight: 2,
        zone: 'rack-1',
        mesh: 'orders',
        configuration: { settings: { ttlMs: '5m' } },
        api: '127.0.0.1:1',
        format: 'json',
      }),
    )
    expect(await readStartOptions({ config, seed: ['c:3'], weight: '0.5', format: 'text' })).toEqual({
      node: {
        listen: ['0.0.0.0:7400'],
        seeds: ['c:3'],
        keyFile: 'mesh.key',
        dataDir: 'data',
        memory: 1_048_576,
        weight: 0.5,
        zone: 'rack-1',
        mesh: 'orders',
        configuration: { settings: { ttlMs: '5m' } },
      },
      api: '127.0.0.1:1',
      format: 'text',
      attached: false,
    })
  })

  it.each([[['a:1', 'b:2']], [['a:1,b:2']], [['a:1, b:2,']]])('reads seeds from %j', async seed => {
    const { node } = await readStartOptions({ seed })
    expect(node.seeds).toEqual(['a:1', 'b:2'])
  })

  it.each([
    ['{"port":1,"listen":"a:1","keyFile":"k"}', /"port", "keyFile", which is no option; there are listen,/],
    ['{"weight":"heavy"}', /weight is "heavy"/],
    ['{"weight":true}', /weight in the configuration file .* is not a number/],
    ['{"seed":[7400]}', /seed in the configuration file .* is not a text or a list of texts/],
    ['{"zone":1}', /zone in the configuration file .* is not a text/],
    ['{"configuration":"file"}', /configuration in the configuration file .* is not an object/],
    ['{"memory":null}', /memory in the configuration file .* is not a size/],
    ['{"format":"xml"}', /format is "xml"; it is text or json/],
    ['[]', /is not a JSON object/],
    ['{', /cannot be read/],
    ['{"__proto__":{"weight":1}}', /"__proto__", which is no option/],
  ])('refuses the file %s', async (content, message) => {
    await expect(readStartOptions({ config: await fileOf(content) })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    })
  })

  it.each(['', ' ', 'NaN', 'one'])('refuses the weight %j', async weight => {
    await expect(readStartOptions({ weight })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })
})
