import type * as z from 'zod'
import { Page } from '../../../workers/contract/api.ts'
import { Channel, ChannelCreate, ChannelMade, Delivery, type ChannelUpdate } from '../../../workers/contract/notify.ts'
import { orgPath, type Api } from './api.ts'

export { ChannelCreate }
export type { Channel, ChannelMade, Delivery }
const Channels = Page(Channel)
const Deliveries = Page(Delivery)

/** What the pages ask about notification channels. */
export function channelsOf(api: Api, org: string) {
  const at = (...rest: string[]) => orgPath(org, 'channels', ...rest)
  return {
    list: async () => (await api.get(at(), Channels)).data,
    create: (input: z.input<typeof ChannelCreate>) => api.post(at(), ChannelMade, input),
    update: (id: string, change: ChannelUpdate) => api.patch(at(id), Channel, change),
    remove: (id: string) => api.delete(at(id), Channel),
    test: (id: string) => api.post(at(id, 'test'), Delivery),
    rotate: (id: string) => api.post(at(id, 'rotate-secret'), ChannelMade),
    deliveries: (filter: { state?: Delivery['state']; channel_id?: string; cursor?: string }) => {
      const query = new URLSearchParams(filter)
      return api.get(`${orgPath(org, 'deliveries')}?${query}`, Deliveries)
    },
    retry: (id: string) => api.post(orgPath(org, 'deliveries', id, 'retry'), Delivery),
  }
}

export const CHANNEL_WORDS = { email: 'E-mail', slack: 'Slack', pagerduty: 'PagerDuty', webhook: 'Webhook' } as const
