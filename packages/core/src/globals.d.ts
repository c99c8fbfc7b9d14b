// What every runtime offers and `lib: ES2023` does not declare. Pure packages get nothing else.
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>
  encodeInto(text: string, target: Uint8Array): { read: number; written: number }
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes?: Uint8Array): string
}
interface String {
  /** ES2024: no lone surrogate in it. */
  isWellFormed(): boolean
}
