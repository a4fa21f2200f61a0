import type { LiveFeed } from '../pipeline/objects/live-feed.ts'
import type { Operations } from '../pipeline/operations.ts'

/** The edge's bindings; objects and entrypoints of other Workers carry their classes. */
export type Env = Omit<EdgeEnv, 'LIVE_FEED' | 'PIPELINE'> & {
  LIVE_FEED: DurableObjectNamespace<LiveFeed>
  PIPELINE: Service<typeof Operations>
}
