// A user's program in an empty project: nothing but the published packages is there.
import { strict as assert } from 'node:assert'
import { CacheMeshError, type CacheMeshNode, createNode, generateKey } from 'cachemesh'

const key = generateKey()
const first: CacheMeshNode = await createNode({ key, memory: '16mb' })
const second = await createNode({ key, memory: '16mb', seeds: first.addresses })

const users = first.namespace<{ name: string }>('users', {
  ttl: '5m',
  load: async id => ({ name: `user ${id}` }),
})
assert.deepEqual(await users.get('42'), { name: 'user 42' })
assert.deepEqual(await second.namespace('users').get('42'), { name: 'user 42' })

await first.set('greeting', new Map([['hello', 'world']]), { ttl: '1m' })
assert.deepEqual(await second.get('greeting'), new Map([['hello', 'world']]))
assert.equal(await second.delete('greeting'), true)

const refused = await createNode({ key: generateKey(), seeds: first.addresses }).catch(
  (error: unknown) => error,
)
assert(refused instanceof CacheMeshError && refused.code === 'ERR_ADMISSION_REFUSED')

await second.leave()
await second.close()
await first[Symbol.asyncDispose]()
