// Announcements reach every node of the mesh, directly or passed on, usually within a second and without any
// promise: what must not be missed is exchanged over links. Gossipsub carries them, unsigned: every node on
// the way has proved the mesh key.

import { randomFillSync } from 'node:crypto'
import {
  type GossipSub,
  type GossipsubOpts,
  type Message,
  StrictNoSign,
  TopicValidatorResult,
} from '@chainsafe/libp2p-gossipsub'

/** Bytes of one announcement. */
export const ANNOUNCEMENT_BYTES_MAX: number = 16 * 1024
/** Random bytes at the head: an announcement repeated is not a duplicate. They are the message id. */
const NONCE_BYTES = 16

export function announcementTopic(meshId: string): string {
  return `/cachemesh/${encodeURIComponent(meshId)}/announcements/1`
}

export function gossipsubOptions(meshId: string): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message: Message) => message.data.subarray(0, NONCE_BYTES),
    allowedTopics: [announcementTopic(meshId)],
    allowPublishToZeroTopicPeers: true,
    fallbackToFloodsub: false,
    floodPublish: true,
    emitSelf: false,
    D: 8,
    Dlo: 6,
    Dhi: 20,
    maxInboundDataLength: 256 * 1024,
    // A slow neighbour loses announcements instead of holding them in memory.
    maxOutboundBufferSize: 4 * 1024 * 1024,
    // Many nodes may share one IP: one machine, one NAT, one Kubernetes host.
    scoreParams: { IPColocationFactorWeight: 0 },
  }
}

export class Announcements {
  readonly #pubsub: GossipSub
  readonly #topic: string

  constructor(pubsub: GossipSub, meshId: string) {
    this.#pubsub = pubsub
    this.#topic = announcementTopic(meshId)
  }

  /** `deliver` must not throw. `from` is the neighbour that passed the announcement on. */
  start(deliver: (bytes: Uint8Array, from: string) => void): void {
    this.#pubsub.topicValidators.set(this.#topic, (_peer, { data }) =>
      data.length > NONCE_BYTES && data.length <= NONCE_BYTES + ANNOUNCEMENT_BYTES_MAX
        ? TopicValidatorResult.Accept
        : TopicValidatorResult.Reject,
    )
    this.#pubsub.addEventListener('gossipsub:message', ({ detail }) => {
      if (detail.msg.topic !== this.#topic) return
      deliver(detail.msg.data.subarray(NONCE_BYTES), detail.propagationSource.toString())
    })
    this.#pubsub.subscribe(this.#topic)
  }

  publish(bytes: Uint8Array): void {
    if (bytes.length === 0 || bytes.length > ANNOUNCEMENT_BYTES_MAX) return
    const message = new Uint8Array(NONCE_BYTES + bytes.length)
    randomFillSync(message, 0, NONCE_BYTES)
    message.set(bytes, NONCE_BYTES)
    // Nobody to hear it is no error of an announcement.
    this.#pubsub.publish(this.#topic, message).catch(() => {})
  }
}
