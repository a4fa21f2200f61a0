/** Views that are made of panels. Apart from the views themselves, since the router in the browser reads it. */
export const VIEW_IDS = ['operations', 'product', 'finance', 'governance'] as const
export type ViewId = (typeof VIEW_IDS)[number]
