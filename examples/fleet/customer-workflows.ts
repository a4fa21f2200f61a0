import type { Model } from './model.ts'
import { MODELS } from './models.ts'
import { llm, policy, step, tool } from './stages.ts'
import type { Workflow } from './workflow.ts'

const M = MODELS
const classify = (model: Model, fallback: Model, prompt: string) => llm('classify', model, fallback, prompt, 620, 45)
const kb = tool('search_knowledge_base', 260, 'kb.acme.internal', [1, 2])
const crm = tool('crm_lookup', 190, 'crm.acme.internal')

export const supportTriage: Workflow = {
  name: 'ticket-triage',
  agent: 'support-triage',
  weight: 24,
  channel: 'helpdesk',
  instrumentation: 'native',
  versions: [
    {
      name: 'v1',
      weight: 4,
      quality: 0.86,
      fragility: 1,
      stages: [
        policy('pii-redaction', 0.002, 0.006),
        classify(M.gpt4oMini, M.haiku, 'triage@12'),
        crm,
        kb,
        llm('prioritise', M.gpt4o, M.sonnet, 'priority@7', 1900, 140, { cached: 0.3 }),
        llm('route', M.gpt4oMini, M.haiku, 'route@4', 700, 30),
      ],
    },
    {
      name: 'v2',
      weight: 6,
      quality: 0.91,
      fragility: 0.8,
      stages: [
        policy('pii-redaction', 0.002, 0.006),
        classify(M.gpt5Mini, M.haiku, 'triage@14'),
        crm,
        kb,
        llm('prioritise and route', M.gpt5Mini, M.gpt4oMini, 'priority@9', 2100, 160, { cached: 0.55, reasoning: 90 }),
        step('write back', 90),
      ],
    },
  ],
}

export const ticketReply: Workflow = {
  name: 'ticket-reply',
  agent: 'support-triage',
  weight: 17,
  channel: 'helpdesk',
  instrumentation: 'native',
  versions: [
    {
      name: 'v1',
      weight: 5,
      quality: 0.81,
      fragility: 1,
      stages: [
        kb,
        llm('draft', M.gpt4o, M.sonnet, 'reply@21', 3400, 420, { cached: 0.2 }),
        llm('review', M.gpt4o, M.sonnet, 'reply-review@6', 2600, 180),
        policy('outbound-content', 0.004, 0.01),
        tool('send_reply', 310, 'mail.acme.internal'),
      ],
    },
    {
      name: 'v2',
      weight: 5,
      quality: 0.89,
      fragility: 1.1,
      stages: [
        step('retrieve', 340),
        kb,
        llm('plan', M.haiku, M.gpt4oMini, 'reply-plan@2', 1800, 150, { cached: 0.6 }),
        llm('draft', M.sonnet, M.gpt4o, 'reply@25', 3900, 460, { cached: 0.6, cacheWrite: 0.05 }),
        llm('review', M.haiku, M.gpt4oMini, 'reply-review@8', 2700, 160, { cached: 0.5 }),
        policy('outbound-content', 0.004, 0.01),
        tool('send_reply', 310, 'mail.acme.internal'),
      ],
    },
  ],
}

export const refund: Workflow = {
  name: 'refund-request',
  agent: 'refund-desk',
  weight: 13,
  channel: 'chat',
  instrumentation: 'native',
  versions: [
    {
      name: 'v1',
      weight: 6,
      quality: 0.93,
      fragility: 1,
      stages: [
        tool('order_lookup', 220, 'orders.acme.internal'),
        llm('assess', M.sonnet, M.gpt4o, 'refund@9', 2800, 260, { cached: 0.5 }),
        policy('refund-limit', 0.05, 0.08),
        llm('decide', M.sonnet, M.gpt4o, 'refund-decide@5', 2200, 120, { cached: 0.5 }),
        tool('issue_refund', 480, 'payments.acme.internal'),
        llm('notify', M.haiku, M.gpt4oMini, 'refund-notify@3', 900, 150),
      ],
    },
    // Cheaper and faster, and plainly worse: the version that a product team should not roll out.
    {
      name: 'v2',
      weight: 4,
      quality: 0.79,
      fragility: 1.6,
      stages: [
        tool('order_lookup', 220, 'orders.acme.internal'),
        llm('assess and decide', M.haiku, M.gpt4oMini, 'refund@11', 3300, 280, { cached: 0.4 }),
        policy('refund-limit', 0.07, 0.1),
        tool('issue_refund', 480, 'payments.acme.internal'),
        llm('notify', M.haiku, M.gpt4oMini, 'refund-notify@3', 900, 150),
      ],
    },
  ],
}
