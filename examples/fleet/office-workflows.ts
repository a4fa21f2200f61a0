import { MODELS } from './models.ts'
import { llm, policy, step, tool } from './stages.ts'
import type { Workflow } from './workflow.ts'

const M = MODELS
const crm = tool('crm_lookup', 190, 'crm.acme.internal')

export const marketBrief: Workflow = {
  name: 'market-brief',
  agent: 'research-analyst',
  weight: 7,
  channel: 'notebook',
  instrumentation: 'otlp-protobuf',
  versions: [
    {
      name: 'v1',
      weight: 5,
      quality: 0.84,
      fragility: 1.2,
      stages: [
        llm('plan', M.geminiPro, M.gpt5, 'brief-plan@3', 1400, 380, { reasoning: 600 }),
        tool('web_search', 1250, 'search.example.com', [2, 4]),
        llm('read', M.geminiPro, M.gpt5, 'brief-read@6', 24_000, 900, { reasoning: 500 }),
        tool('sql_warehouse', 1900, 'warehouse.acme.internal'),
        llm('write', M.sonnet, M.gpt5, 'brief-write@8', 9000, 1700),
      ],
    },
    {
      name: 'v2',
      weight: 5,
      quality: 0.92,
      fragility: 1,
      stages: [
        llm('plan', M.gpt5Mini, M.gpt4o, 'brief-plan@4', 1500, 320, { reasoning: 420 }),
        tool('web_search', 1250, 'search.example.com', [2, 3]),
        llm('read', M.geminiFlash, M.gpt4oMini, 'brief-read@7', 21_000, 800, { cached: 0.25 }),
        tool('sql_warehouse', 1900, 'warehouse.acme.internal'),
        llm('write', M.sonnet, M.gpt5, 'brief-write@9', 7800, 1500, { cached: 0.35, cacheWrite: 0.1 }),
        llm('check facts', M.gpt5, M.sonnet, 'brief-check@2', 6200, 420, { reasoning: 900 }),
      ],
    },
  ],
}

export const review: Workflow = {
  name: 'pull-request-review',
  agent: 'code-reviewer',
  weight: 11,
  channel: 'git',
  instrumentation: 'otlp-json',
  versions: [
    {
      name: 'v1',
      weight: 4,
      quality: 0.8,
      fragility: 1,
      stages: [
        tool('fetch_diff', 420, 'git.acme.internal'),
        llm('read diff', M.sonnet, M.gpt5, 'review@17', 12_000, 700),
        tool('run_linter', 2600, undefined, [1, 2]),
        llm('comment', M.sonnet, M.gpt5, 'review-comment@11', 8000, 900),
        tool('post_comments', 380, 'git.acme.internal'),
      ],
    },
    // Prompt caching: the same work for about half the money.
    {
      name: 'v2',
      weight: 6,
      quality: 0.83,
      fragility: 0.9,
      stages: [
        tool('fetch_diff', 420, 'git.acme.internal'),
        llm('read diff', M.sonnet, M.gpt5, 'review@19', 12_500, 650, { cached: 0.7, cacheWrite: 0.12 }),
        tool('run_linter', 2600, undefined, [1, 2]),
        llm('comment', M.sonnet, M.gpt5, 'review-comment@12', 8400, 820, { cached: 0.75 }),
        tool('post_comments', 380, 'git.acme.internal'),
      ],
    },
  ],
}

export const prospect: Workflow = {
  name: 'prospect-email',
  agent: 'sdr-outreach',
  weight: 10,
  channel: 'crm',
  instrumentation: 'native',
  versions: [
    {
      name: 'v1',
      weight: 5,
      quality: 0.74,
      fragility: 1,
      stages: [
        crm,
        llm('profile', M.mistralSmall, M.gpt4oMini, 'profile@5', 1500, 220),
        llm('write', M.gpt4o, M.sonnet, 'outreach@14', 1700, 310),
        llm('tone check', M.mistralSmall, M.gpt4oMini, 'tone@3', 700, 40),
        policy('outbound-content', 0.01, 0.01),
        tool('queue_email', 160, 'mail.acme.internal'),
      ],
    },
    {
      name: 'v2',
      weight: 5,
      quality: 0.78,
      fragility: 1.1,
      stages: [
        crm,
        llm('profile', M.mistralSmall, M.gpt4oMini, 'profile@5', 1500, 220),
        llm('write', M.house, M.gpt4o, 'outreach@16', 1900, 330),
        llm('tone check', M.mistralSmall, M.gpt4oMini, 'tone@4', 700, 40),
        policy('outbound-content', 0.01, 0.01),
        tool('queue_email', 160, 'mail.acme.internal'),
      ],
    },
  ],
}

export const leadResearch: Workflow = {
  name: 'lead-research',
  agent: 'sdr-outreach',
  weight: 6,
  channel: 'crm',
  instrumentation: 'native',
  versions: [
    {
      name: 'v1',
      weight: 5,
      quality: 0.77,
      fragility: 1.1,
      stages: [
        tool('web_search', 1100, 'search.example.com', [1, 3], { price: { usd: 0.02, included: 3 }, forgets: 0.12 }),
        llm('summarise', M.gpt4oMini, M.mistralSmall, 'lead@6', 5200, 300),
        llm('score', M.gpt4oMini, M.mistralSmall, 'lead-score@4', 900, 60),
        crm,
      ],
    },
    {
      name: 'v2',
      weight: 5,
      quality: 0.83,
      fragility: 0.9,
      stages: [
        step('expand query', 120),
        tool('web_search', 1100, 'search.example.com', [1, 3], { price: { usd: 0.02, included: 3 } }),
        llm('summarise', M.geminiFlash, M.gpt4oMini, 'lead@8', 6800, 320, { cached: 0.2 }),
        llm('score', M.geminiFlash, M.gpt4oMini, 'lead-score@5', 1000, 60),
        crm,
      ],
    },
  ],
}

export const invoice: Workflow = {
  name: 'invoice-extract',
  agent: 'invoice-extraction',
  weight: 12,
  channel: 'email',
  instrumentation: 'native',
  versions: [
    {
      name: 'v1',
      weight: 5,
      quality: 0.88,
      fragility: 1,
      stages: [
        step('ocr', 900),
        llm('extract', M.metered, M.geminiFlash, 'invoice@10', 3600, 520),
        llm('check totals', M.gpt4oMini, M.geminiFlash, 'invoice-check@4', 1100, 110),
        tool('match_purchase_order', 350, 'erp.acme.internal'),
        tool('post_to_erp', 520, 'erp.acme.internal'),
      ],
    },
    {
      name: 'v2',
      weight: 5,
      quality: 0.94,
      fragility: 0.9,
      stages: [
        step('ocr', 620),
        llm('extract', M.geminiFlash, M.metered, 'invoice@13', 4100, 540, { cached: 0.3 }),
        llm('check totals', M.gpt5Mini, M.gpt4oMini, 'invoice-check@6', 1200, 120, { reasoning: 80 }),
        tool('match_purchase_order', 350, 'erp.acme.internal'),
        tool('post_to_erp', 520, 'erp.acme.internal'),
      ],
    },
  ],
}
