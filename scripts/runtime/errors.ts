/** A reason for not starting that its reader can act upon: printed as one line, without a stack. */
export class StartError extends Error {}

/** What went wrong, in words. */
export const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
