// A user's program in an empty project: nothing but the published packages is there.
import { strict as assert } from 'node:assert'
import { CacheMeshError, decodeValue, encodeValue } from '@cachemesh/protocol'

const value = { name: 'Ada', scores: [1, 2, 3] }
const encoded = encodeValue(value)
assert.deepEqual(decodeValue(encoded.value, encoded.contentType), value)
assert.equal(new CacheMeshError('ERR_NOT_FOUND', 'there is no such key').status, 404)
