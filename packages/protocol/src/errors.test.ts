import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CacheMeshError, ERRORS, type ErrorCode, errorCode, errorNumber } from './errors.ts'

const CODES = Object.keys(ERRORS) as ErrorCode[]

describe('the table of errors', () => {
  it('gives every code a number of its own, from 1 on without a gap', () => {
    expect(CODES.map(errorNumber)).toEqual(CODES.map((_, index) => index + 1))
  })

  it('finds every code by its number, and reads numbers of a newer version as ERR_INTERNAL', () => {
    for (const code of CODES) expect(errorCode(errorNumber(code))).toBe(code)
    for (const number of [0, CODES.length + 1, 0xffff, -1, Number.NaN])
      expect(errorCode(number)).toBe('ERR_INTERNAL')
  })

  it('calls retryable what a server is at fault for and a moment may mend', () => {
    for (const code of CODES) {
      const { status, retryable } = ERRORS[code]
      expect(status >= 400 && status < 600).toBe(true)
      if (retryable) expect([408, 502, 503, 504]).toContain(status)
    }
  })

  it('is the one in docs/errors.md', () => {
    const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
    const documented = page
      .split('\n')
      .filter(line => /^\| `ERR_/.test(line))
      .map(line =>
        line
          .split('|')
          .slice(1, -1)
          .map(cell => cell.trim()),
      )
    expect(documented).toEqual(
      CODES.map(code => {
        const { number, status, retryable, meaning } = ERRORS[code]
        return [`\`${code}\``, String(number), String(status), retryable ? 'yes' : 'no', meaning]
      }),
    )
  })
})

describe('an error', () => {
  it('knows its status, and whether to try again, by its code', () => {
    const cause = new Error('socket')
    const error = new CacheMeshError('ERR_UNREACHABLE', 'Nobody answered', { cause })
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.code, error.status, error.retryable, error.message, error.cause]).toEqual([
      'CacheMeshError',
      'ERR_UNREACHABLE',
      503,
      true,
      'Nobody answered',
      cause,
    ])
  })
})
