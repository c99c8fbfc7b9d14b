// Schemas are compiled when somebody first asks for their route. All of them take as much computing as joining a mesh does, in
// the very moment in which a node joins, and most routes are never asked for. Tests ask for every one.

import ajv from '@fastify/ajv-compiler'
import stringifier from '@fastify/fast-json-stringify-compiler'
import type { FastifyInstance } from 'fastify'

const validators = ajv()
const serializers = stringifier()

/** Gives the compilers that fastify has by itself, each at the first use of what it makes. */
export function compileWhenAsked(app: FastifyInstance): void {
  // The schemas are constants: checking them too would take compiling the schema of schemas.
  const customOptions = { removeAdditional: false, coerceTypes: true, validateSchema: false } as const
  const validator = once(() => validators(app.getSchemas() as Record<string, object>, { customOptions }))
  app.setValidatorCompiler(route => {
    const check = once(() => validator()(route as object))
    return data => {
      const validate = check()
      return validate(data) === true || { error: validate.errors as unknown as Error }
    }
  })
  const serializer = once(() => serializers(app.getSchemas()))
  app.setSerializerCompiler(route => {
    const write = once(() => serializer()(route as Parameters<ReturnType<typeof serializer>>[0]))
    return data => write()(data)
  })
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
