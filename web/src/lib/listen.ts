import { projectPath } from './api.ts'

/** How many projects' feeds one page listens to. */
const FEEDS_MAX = 4
const AGAIN_MS = 15_000

/**
 * Calls `heard` when the live feed of one of these projects tells of events. It keeps no event and asks for none that
 * is past; a feed that is lost is tried again, since pages that listen also ask now and then by themselves.
 */
export function listen(projectIds: readonly string[], heard: () => void): () => void {
  const ends = projectIds.slice(0, FEEDS_MAX).map((id) => listenTo(id, heard))
  return () => ends.forEach((end) => end())
}

function listenTo(projectId: string, heard: () => void): () => void {
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let ended = false

  function connect(): void {
    const mine = new WebSocket(projectPath(projectId, 'live'))
    socket = mine
    mine.onmessage = ({ data }) => {
      const cursor = cursorOf(data)
      if (cursor === null) return
      // The feed goes on telling those who say how far they have heard.
      mine.send(JSON.stringify({ type: 'ack', cursor }))
      heard()
    }
    mine.onclose = () => {
      if (!ended) timer = setTimeout(connect, AGAIN_MS)
    }
  }

  connect()
  return () => {
    ended = true
    clearTimeout(timer)
    socket?.close()
  }
}

/** Of a message that tells of events. */
function cursorOf(data: unknown): number | null {
  if (typeof data !== 'string' || !data.startsWith('{')) return null
  const message = JSON.parse(data) as { type?: unknown; cursor?: unknown }
  return message.type === 'events' && typeof message.cursor === 'number' ? message.cursor : null
}
