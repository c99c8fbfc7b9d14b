// The one table of errors. A code is what programs match on, its number is what travels in a frame,
// its status is what HTTP answers. Numbers only grow; a retired code keeps its number.

interface ErrorRow {
  readonly number: number
  /** HTTP status. */
  readonly status: number
  /** True when the same call may succeed a moment later without anybody changing anything. */
  readonly retryable: boolean
  readonly meaning: string
}

export const ERRORS = {
  ERR_INVALID_ARGUMENT: row(1, 400, false, 'An argument or option has the wrong type or is out of range.'),
  ERR_INVALID_KEY: row(2, 400, false, 'A key is empty, too long, or not well-formed Unicode.'),
  ERR_INVALID_NAMESPACE: row(3, 400, false, 'A namespace is not 1 to 64 characters of A-Z a-z 0-9 . _ -'),
  ERR_INVALID_TTL: row(4, 400, false, 'A time to live is not a positive duration within bounds.'),
  ERR_VALUE_TOO_LARGE: row(5, 413, false, 'A value is larger than a value, or than this node, may hold.'),
  ERR_INVALID_VALUE: row(6, 400, false, 'A value cannot be encoded (a function, a symbol, too deep).'),
  ERR_UNAVAILABLE: row(7, 503, true, 'No member responsible for the key could be reached in time.'),
  ERR_TIMEOUT: row(8, 504, true, 'The deadline of the call passed before an answer came.'),
  ERR_OVERLOADED: row(
    9,
    503,
    true,
    'A queue is full, or a member has more to do than it gets done; the call was refused at once.',
  ),
  ERR_CLOSED: row(10, 503, false, 'The node is closed or closing.'),
  ERR_LOADER: row(
    11,
    502,
    true,
    'The load, store or remove function of a namespace failed; its error is the cause.',
  ),
  ERR_MALFORMED_FRAME: row(12, 400, false, 'Bytes from a peer are not a frame of this protocol version.'),
  ERR_MALFORMED_MESSAGE: row(13, 400, false, 'The body of a frame is not the message its kind announces.'),
  ERR_MALFORMED_CONFIGURATION: row(14, 400, false, 'A configuration breaks a rule or a bound.'),
  ERR_WRONG_MESH: row(15, 409, false, 'The other side, or the data directory, belongs to another mesh.'),
  ERR_ADMISSION_REFUSED: row(16, 403, false, 'The other side did not admit this node: the mesh keys differ.'),
  ERR_PROTECTED_MODE: row(17, 403, false, 'Without a mesh key a node talks on loopback addresses only.'),
  ERR_MESH_KEY: row(18, 400, false, 'A mesh key or key file cannot be read or is not 64 hex digits.'),
  ERR_IDENTITY: row(19, 500, false, 'The identity file cannot be read, written, or is not a private key.'),
  ERR_CORRUPT_STATE: row(20, 500, false, 'A file in the data directory is damaged.'),
  ERR_ADDRESS_IN_USE: row(21, 409, false, 'Another program listens on that address.'),
  ERR_INVALID_ADDRESS: row(22, 400, false, 'An address is not HOST:PORT or a TCP multiaddr.'),
  ERR_UNREACHABLE: row(23, 503, true, 'An address could not be connected to.'),
  ERR_NOT_FOUND: row(24, 404, false, 'There is no such key, route or member.'),
  ERR_INTERNAL: row(25, 500, false, 'A mistake in cachemesh itself; please report it.'),
  ERR_UNSUPPORTED_NODE: row(26, 500, false, 'This Node.js is too old to run cachemesh.'),
  ERR_METHOD_NOT_ALLOWED: row(27, 405, false, 'The path exists, but not for this HTTP method.'),
  ERR_FORBIDDEN_ORIGIN: row(28, 403, false, 'A web page of another origin, or a foreign host name, asked.'),
  ERR_REQUEST_TIMEOUT: row(29, 408, true, 'The HTTP request did not arrive in time.'),
  ERR_CONNECTION_REFUSED: row(30, 503, true, 'Nothing listens at any of the addresses that were dialled.'),
  ERR_DUPLICATE_IDENTITY: row(31, 409, false, 'Another running process is this member of the mesh.'),
  ERR_DATA_DIR_IN_USE: row(32, 409, false, 'Another running process uses the data directory.'),
  ERR_VERSION_CONFLICT: row(
    33,
    412,
    false,
    'The configuration or the entry is not the one that was expected.',
  ),
  ERR_MESH_DESTROYED: row(34, 410, false, 'The mesh was destroyed: it has no members and holds nothing.'),
  ERR_LEASE_VOID: row(
    35,
    409,
    false,
    'A fill came too late: the key was written, or another caller loads it.',
  ),
  ERR_WRONG_TYPE: row(
    36,
    409,
    false,
    'The value that is there is not of a kind that the operation can change.',
  ),
  ERR_NOT_OWNER: row(37, 503, true, 'A member that no longer owns the key tried to write it.'),
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

/** The one error class of cachemesh. Match on `code`: two copies of the library may be loaded. */
export class CacheMeshError extends Error {
  override readonly name = 'CacheMeshError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  /** HTTP status of this error. */
  get status(): number {
    return ERRORS[this.code].status
  }

  /** True when the same call may succeed a moment later. */
  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}

const byNumber: ReadonlyMap<number, ErrorCode> = new Map(
  (Object.keys(ERRORS) as ErrorCode[]).map(code => [ERRORS[code].number, code]),
)

/** The number of an error code in a frame. */
export function errorNumber(code: ErrorCode): number {
  return ERRORS[code].number
}

/** The code of a number in a frame; a number from a newer version reads as ERR_INTERNAL. */
export function errorCode(number: number): ErrorCode {
  return byNumber.get(number) ?? 'ERR_INTERNAL'
}

function row(number: number, status: number, retryable: boolean, meaning: string): ErrorRow {
  return { number, status, retryable, meaning }
}
