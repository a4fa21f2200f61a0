/** Why there is nothing, and what to do. */
export const NOTHING_SPENT =
  'Nothing was spent in this range by what is filtered: widen the range, clear a filter, or send an event that costs something.'
