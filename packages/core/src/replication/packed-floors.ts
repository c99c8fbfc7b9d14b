import { readU64, writeU64 } from '@cachemesh/protocol'
import { ARCS, type ArcFloor, type Floors } from '../store/floors.ts'

const FLOOR_BYTES = 12

/** All floors of a node, for one that gets entries of it: 12 bytes each. */
export function packFloors(floors: Floors): Uint8Array {
  const found = floors.between(0, ARCS - 1)
  const bytes = new Uint8Array(found.length * FLOOR_BYTES)
  const view = new DataView(bytes.buffer)
  found.forEach(({ arc, version }, index) => {
    view.setUint32(index * FLOOR_BYTES, arc, true)
    writeU64(view, index * FLOOR_BYTES + 4, version)
  })
  return bytes
}

export function unpackFloors(bytes: Uint8Array): ArcFloor[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const floors: ArcFloor[] = []
  for (let at = 0; at + FLOOR_BYTES <= bytes.length; at += FLOOR_BYTES) {
    const arc = view.getUint32(at, true)
    if (arc < ARCS) floors.push({ arc, version: readU64(view, at + 4) })
  }
  return floors
}
