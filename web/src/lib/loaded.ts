/** What a page part shows when its data did not come. */
export interface LoadProblem {
  detail: string
  request_id: string | null
  /** Trying again would say the same. */
  final?: true
}

/** An answer that can be streamed: a failure is a value, so that one part failing leaves the others standing. */
export type Loaded<T> = { ok: true; value: T } | { ok: false; problem: LoadProblem }

/** Turns a promise into one that never rejects. */
export async function settle<T>(work: Promise<T>): Promise<Loaded<T>> {
  try {
    return { ok: true, value: await work }
  } catch (error) {
    return { ok: false, problem: problemOf(error) }
  }
}

/** An error of the API carries its problem; anything else is told in general words. */
function problemOf(error: unknown): LoadProblem {
  const problem = error !== null && typeof error === 'object' && 'problem' in error ? error.problem : null
  if (problem !== null && typeof problem === 'object' && 'detail' in problem && 'instance' in problem) {
    const final = 'final' in problem ? { final: true as const } : {}
    return { detail: String(problem.detail), request_id: String(problem.instance) || null, ...final }
  }
  return { detail: 'The server could not be reached.', request_id: null }
}
