/** Cloudflare Queues, "Limits": messages and bytes of one call. */
const MESSAGES_MAX = 100
const BYTES_MAX = 250_000

/** Sends byte messages in as few calls as the platform allows. */
export async function sendAll(queue: Queue, messages: readonly Uint8Array[]): Promise<void> {
  let group: Uint8Array[] = []
  let bytes = 0
  const flush = async () => {
    const [only, ...more] = group
    if (only === undefined) return
    if (more.length === 0) await queue.send(only, { contentType: 'bytes' })
    else await queue.sendBatch(group.map((body) => ({ body, contentType: 'bytes' as const })))
    group = []
    bytes = 0
  }
  for (const message of messages) {
    if (group.length >= MESSAGES_MAX || bytes + message.length > BYTES_MAX) await flush()
    group.push(message)
    bytes += message.length
  }
  await flush()
}
