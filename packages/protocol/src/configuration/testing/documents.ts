// Documents as the golden vectors write them.

import { Configuration } from '../configuration.ts'
import type { Member } from '../member.ts'
import { memberRecord, registerRecord } from '../record.ts'
import type { Register } from '../register.ts'

export interface DocumentVector {
  readonly meshId: string
  readonly horizon: number
  readonly destroyed: boolean
  readonly serial: number
  readonly timestamp: number
  readonly digest: string
  readonly records: readonly (Member | Register)[]
}

export function documentFrom({ records, ...text }: DocumentVector): Configuration {
  const written = Configuration.empty(text.meshId).write(records.map(recordFrom))
  const { meshId, horizon, destroyed } = text
  return Configuration.of({ meshId, horizon, destroyed, buckets: written.buckets }, text)
}

export function recordFrom(record: Member | Register) {
  return 'name' in record ? registerRecord(record) : memberRecord(record)
}
