// Times and bounds of a node. Durations in ms; each says what it trades.

import { TOMBSTONES } from '@cachemesh/protocol'

export const TIMES = {
  /** Between two times that a node spreads what changed, in a storm of changes: many of them travel as one. */
  spreadMs: 50,
  /** Likewise of what it has not written but joined, for each member: all of them together tell it so often at most. */
  joinedEachMs: 5,
  /** Between two times that a node passes on accusations, in a storm of them: many travel as one. */
  rumourMs: 200,
  /** A pull that is not answered by then is asked again. */
  pullTimeoutMs: 1_000,
  /**
   * How long an unknown document that peers speak of may take to come by itself, before one of them is asked for it; and
   * between two such questions, since the answer to one often brings what the others would.
   */
  newsMs: 100,
  /** Between two times that a peer whose frames name an older document is sent the same news. */
  updateMs: 500,
  /** Gossip uses a link from its next heartbeat on, a second later, or from the one after. */
  youngMs: 3_000,
  /** How long somebody who has all peers told waits for the slowest of them. */
  propagateMs: 5_000,
  /** First wait before an address is tried again, doubled up to the longest. */
  redialMinMs: 200,
  redialMaxMs: 2_000,
  /** First wait of a node that is removed and returns again and again, doubled up to the longest. */
  returnMinMs: 1_000,
  returnMaxMs: 60_000,
  /** A node that answers no requests gives its keys to others for so long at least. */
  stepBackMs: 10_000,
  /** Between two dials of members that were removed: they may only have been cut off. */
  absentDialMs: 2_000,
  /** How long nobody must have joined or gone before links are made that nothing waits for. */
  settleMs: 1_000,
  /** Head start of the node with the smaller id, so that two nodes rarely dial each other at once. */
  dialHeadStartMs: 250,
  /** How long a node with seeds waits at most for the first of them before it serves alone. */
  aloneAfterMs: 5_000,
  /** A member that may hold what this node should is waited for so long, without a link or a word from it. */
  expectMs: 3_000,
  /** Likewise a neighbour, after this node was removed, as long as nothing is heard of it: by then it is removed, if it cannot be reached. */
  doubtMs: 35_000,
  /** What a transfer waits for is asked for again after so long. */
  transferRetryMs: 1_000,
  /** How long a node that leaves waits until others have what it held. */
  handOverMs: 10_000,
  /** Entry versions further ahead of the clock are refused: a clock set to another year would use up all there are. */
  clockAheadMaxMs: 86_400_000,
  /** A clock further off the median of the peers' clocks is corrected by it. */
  clockSkewMaxMs: 1_000,
  /** How long a delete is remembered by its key; longer than a node is usually cut off. */
  markerMs: 600_000,
  /** The longest lease of a load. */
  leaseMaxMs: 300_000,
  /** Between two looks at the loads that are under way: so late may a deadline be noticed. */
  flightSweepMs: 25,
  /** Between two signs of life to a peer whose requests wait for a load here. */
  waitingMs: 250,
  /** How long a load that failed is not tried again: at first, and at most after many failures in a row. */
  loadRestMinMs: 100,
  loadRestMaxMs: 5_000,
  /** How long one who stands in for an owner keeps what was loaded: it does not hear of the owner's writes. */
  standInFillMs: 30_000,
} as const

/**
 * The rules by which members watch each other. Times of the detector count while this node is awake
 * (local-health.ts) and grow with its doubt in itself, except for those of `hold` and `alone`.
 */
export const RULES = {
  /** Between two beats to each neighbour; the shorter one in a mesh of up to `smallMeshMax` members. */
  beatMs: 1_000,
  beatSmallMs: 500,
  smallMeshMax: 10,
  /** Observers of each member; in a mesh of up to `allObserveMax` members everybody observes everybody. */
  observersMax: 8,
  allObserveMax: 9,
  /** Without a round trip for so long a member is checked. Three lost beats, or six in a small mesh. */
  silenceMs: 3_000,
  /** How long a node and its helpers try to reach a silent member before it is accused. */
  checkMs: 1_000,
  helpersMax: 3,
  /** More than this share of the observers have to accuse, and so many at least. */
  accusersShare: 0.5,
  accusersMin: 2,
  /** Between two repetitions of an accusation; one that was not repeated for `accusationMs` is void. */
  accuseMs: 1_000,
  accusationMs: 3_500,
  /** How long the accused may answer once enough observers accuse it. */
  refuteMs: 1_000,
  /** An accusation that stands so long needs only the observers that can still be reached. */
  slowAfterMs: 3_000,
  /** A node that reaches nobody removes the others after so long. */
  aloneRemovesMs: 30_000,
  /** How long the removal of a member that is not accused here waits for its answer, before it is merged. */
  holdMs: 2_000,
  /** Between two comparisons of versions with a random peer. Bounds how long a lost announcement stays unknown. */
  antiEntropyMs: 3_000,
  /** Tombstones that are kept: so many at least, and so many for each living member. */
  tombstonesMin: TOMBSTONES.min,
  tombstonesPerLiving: TOMBSTONES.perLiving,
  /** What is dropped of them leaves a horizon behind: 1. */
  horizon: 1,
  /** Between two comparisons of entries with a random member, where entries have replicas. */
  repairMs: 30_000,
  /** 1: a member refuses writes from one that no longer owns the key; 0: it takes them. */
  fencing: 1,
  /** 1: who should hold entries and does not gets them from those who do; 0: it begins with nothing. */
  transfers: 1,
  /** 1: a read that waits for long is asked a second time; 0: whoever was asked first has to answer. */
  hedges: 1,
  /** A step that comes so much later than it was asked for is a pause of this node. */
  lateMs: 250,
  /** Greatest factor by which doubt in itself makes a node more patient with others. */
  doubtMax: 8,
  /** One step of doubt ends after so long without a pause. */
  doubtMs: 5_000,
} as const

/** Every rule, by name; a test may replace one to show what it is for. */
export type Rules = { readonly [K in keyof typeof RULES]: number }

export const BOUNDS = {
  /** Documents kept to resolve deltas against. A peer further behind than that pulls by summary. */
  historyMax: 16,
  /** The reserved partition: the configuration lives here, out of reach of eviction, expiry and flush. */
  reservedBytes: 16 * 1024 * 1024,
  /** The smallest cache that makes sense, reserved partition not counted. */
  cacheBytesMin: 1024 * 1024,
  /** Share of the cache for entries that others own, at first. */
  copiesShare: 0.2,
  /** Keys of which a node grants copies at one time. */
  grantedKeysMax: 10_000,
  /** Share of the cache for delete markers, and what one of them costs beside its key. */
  markersShare: 0.05,
  markerOverheadBytes: 224,
  /** Loads that a node keeps count of, and who wait for them at it. */
  loadsMax: 16_384,
  waitersMax: 100_000,
  /** Requests of one peer that wait here for others, and requests that wait for one peer. */
  callerWaitingMax: 10_000,
  peerPendingMax: 32_768,
  /** Leases of one load that may end in nothing before all who wait are told that it failed. */
  lapsesMax: 3,
  /** What is kept of keys that are nowhere, and of keys that a change feed told of. */
  absencesBytesMax: 4 * 1024 * 1024,
  absenceOverheadBytes: 128,
  failuresMax: 4_096,
  /** Peers that a node tells of a change directly, besides announcing it. */
  toldMax: 3,
  /** And those besides whom gossip does not reach yet, so many at most. */
  youngMax: 16,
  /** Peers that an accusation is told to, by each node for which it is news. */
  accusationToldMax: 4,
  /** Times in a row that a node passes accusations on at once, before it gathers them. */
  rumourBurst: 8,
  /** Accusers whose words wait to be passed on; the oldest are dropped first, and will be repeated. */
  rumoursMax: 1_024,
  /** Charges in one message of several accusers: about 60 kB. */
  rumourChargesMax: 256,
  /** Addresses of removed members that are kept to find them again. */
  absentMax: 1_000,
  /** Changes that a node spreads one by one before it gathers them, and those of others that it passes on. */
  spreadBurst: 8,
  tellBurst: 4,
  /** Documents that wait because they remove somebody nobody accused here. */
  waitingMax: 16,
  /** Documents since which what was joined is announced: each is held by others. */
  basesMax: 3,
  /** Digests of documents of others that are kept to know them again when they are spoken of. */
  metMax: 1_024,
  /** Links without a request for this long are closed, unless the peers watch each other. */
  linkIdleMs: 60_000,
  /** Links above this number are closed earlier, the longest unused first. */
  linksMax: 256,
  /** Transfers that a node asks for at once; the others wait. */
  transfersMax: 4,
  /** Bytes of values and keys in one page of a transfer, and how fast each transfer may go. */
  pageBytes: 256 * 1024,
  transferBytesPerSecond: 32 * 1024 * 1024,
  /** Entries that are looked at for one page, or in one step of a pass over the store: some ms of computing. */
  scanMax: 2_000,
  /** Members that may answer for a key besides its replicas, when those cannot be reached. */
  standInsMax: 2,
} as const
