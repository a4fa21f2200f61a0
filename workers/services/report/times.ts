/** A turn that nobody has taken from the queue by then is begun anew. */
export const QUEUED_MS = 10 * 60_000
/** A turn that was taken and has not ended by then has died: longer than a consumer of a queue lives. */
export const TAKEN_MS = 16 * 60_000
/** Tries of one occurrence. */
export const ATTEMPTS_MAX = 3
/** Between tries. */
export const AGAIN_MS = 2 * 60_000
/** How often a person may ask for one out of turn. */
export const ASKED_EVERY_MS = 60_000
