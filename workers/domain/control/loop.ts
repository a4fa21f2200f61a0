/** What one trace has done so far: its steps, and how often it made the same call. */
export interface TraceCalls {
  steps: number
  /** By a hash of tool and arguments, in the order in which they were first made. */
  calls: ReadonlyMap<string, number>
}

/** Different calls of one trace that are told apart. */
export const CALLS_MAX = 200

export const noCalls: TraceCalls = { steps: 0, calls: new Map() }

export const repeatsOf = ({ calls }: TraceCalls, call: string | null): number =>
  call === null ? 0 : (calls.get(call) ?? 0)

/** With one more step, and its call where it is one. Of too many, the oldest that was made only once is forgotten. */
export function counted({ steps, calls }: TraceCalls, call: string | null): TraceCalls {
  if (call === null) return { steps: steps + 1, calls }
  const next = new Map(calls)
  if (!next.has(call) && next.size >= CALLS_MAX) {
    const oldest = [...next].find(([, times]) => times === 1) ?? [...next][0]
    if (oldest !== undefined) next.delete(oldest[0])
  }
  next.set(call, (next.get(call) ?? 0) + 1)
  return { steps: steps + 1, calls: next }
}
