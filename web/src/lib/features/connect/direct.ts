import { inFile, type Client } from './client.ts'
import { curlSnippet, firstEvent, NODE_INSTALL, nodeSnippet, type FirstEventFacts } from './snippets.ts'

/** What stands between agents and models. */
export const GATEWAYS: Client[] = [
  {
    id: 'litellm',
    mark: 'litellm',
    name: 'LiteLLM',
    group: 'Gateways',
    words: 'proxy generic_api',
    about: 'The proxy’s callback generic_api, in its configuration.',
    steps: (facts) => [
      {
        label: 'config.yaml',
        code: `litellm_settings:
  callbacks: ["agentops"]
callback_settings:
  agentops:
    callback_type: generic_api
    endpoint: ${facts.origin}/v1/litellm
    headers:
      Authorization: Bearer ${inFile(facts)}`,
      },
    ],
    posts: ['/v1/litellm'],
    unsent: 'Tools that agents run: it sees calls of models, and of MCP servers that it serves.',
    proof: 'documented',
  },
  {
    id: 'cloudflare-ai-gateway',
    name: 'Cloudflare AI Gateway',
    group: 'Gateways',
    words: 'cloudflare gateway opentelemetry export',
    about: 'In the gateway’s settings, add an OpenTelemetry export with this address and header.',
    steps: (facts) => [
      { label: 'address', code: `${facts.origin}/v1/traces` },
      { label: 'header', code: `Authorization: Bearer ${inFile(facts)}` },
    ],
    posts: ['/v1/traces'],
    unsent: 'Agents, workflows and tools: it sees calls of models.',
    proof: 'documented',
  },
]

/** What one writes oneself; the event that is sent is of this moment. */
export function byHand(event: FirstEventFacts): Client[] {
  return [
    {
      id: 'curl',
      name: 'curl',
      group: 'By hand',
      words: 'http json api first event',
      about:
        'One finished request of an agent, with its model and tokens. The cost is computed from them. Nothing to install.',
      steps: (facts) => [{ label: 'curl command', code: curlSnippet(facts, firstEvent(event)) }],
      posts: ['/v1/events'],
      unsent: null,
      proof: 'run',
    },
    {
      id: 'sdk',
      name: 'AgentOps SDK',
      group: 'By hand',
      words: 'typescript javascript @agentops/sdk node bun deno workers openai anthropic',
      about:
        'TypeScript and JavaScript: spans, batches that count once, wrapped OpenAI, Anthropic and Vercel AI SDK clients, and the guard.',
      steps: (facts) => [
        { label: 'install command', code: 'npm install @agentops/sdk' },
        {
          label: 'environment variables',
          code: [`export AGENTOPS_URL="${facts.origin}"`, `export AGENTOPS_KEY="${facts.key ?? '…'}"`].join('\n'),
        },
        {
          label: 'program',
          code: `import { createAgentOps } from '@agentops/sdk'

const agent = createAgentOps({ defaults: { agent_id: 'support' } })
await agent.run('refund', (run) => run.tool('lookup_order', async () => ({ id: 'ORD-1042' })))
await agent.flush()`,
        },
      ],
      posts: ['/v1/events'],
      unsent: null,
      proof: 'run',
      scope: /^@agentops\/sdk/,
    },
    {
      id: 'opentelemetry-node',
      name: 'OpenTelemetry, Node',
      group: 'By hand',
      words: 'otel otlp spans javascript typescript',
      about: 'A whole program with the OpenTelemetry SDK: install, save as agent.mjs, run with node agent.mjs.',
      steps: (facts) => [
        { label: 'install command', code: NODE_INSTALL },
        { label: 'Node program', code: nodeSnippet(facts) },
      ],
      posts: ['/v1/traces'],
      unsent: null,
      proof: 'run',
      scope: /^my-first-agent$/,
    },
  ]
}
