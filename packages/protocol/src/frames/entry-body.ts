/** The value part of an entry as it travels. */
export interface EntryBody {
  readonly value: Uint8Array
  /** '' is a structured value; anything else a media type. */
  readonly contentType: string
  /** Time to live that remains, ms; 0: no expiry. */
  readonly ttlMs: number
}
