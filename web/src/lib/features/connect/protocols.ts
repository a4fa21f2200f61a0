import { inScript, inShell, type Client, type Facts } from './client.ts'

const group = 'Frameworks and SDKs'

/** What is told by protocols of their own. */
export const BY_THEIR_OWN: Client[] = [
  {
    id: 'langsmith',
    mark: 'langsmith',
    name: 'LangChain, LangGraph (LangSmith)',
    group,
    words: 'langchain langgraph langsmith',
    about: 'Programs that report to LangSmith report here by three variables.',
    steps: (facts) => [
      {
        label: 'environment variables',
        code: [
          `export LANGSMITH_TRACING=true LANGSMITH_ENDPOINT="${facts.origin}"`,
          `export LANGSMITH_API_KEY="${inShell(facts)}"`,
        ].join('\n'),
      },
    ],
    posts: ['/runs/multipart', '/runs/batch', '/otel/v1/traces'],
    unsent: 'Retries within wrapOpenAI.',
    proof: 'run',
    scope: /^langsmith/,
  },
  {
    id: 'langfuse-3',
    mark: 'langfuse',
    name: 'Langfuse 3',
    group,
    words: 'langfuse ingestion',
    about: 'The versions before 4 have a protocol of their own, and another name of the first variable.',
    steps: (facts) => [
      {
        label: 'environment variables',
        code: [
          `export LANGFUSE_BASEURL="${facts.origin}"`,
          `export LANGFUSE_PUBLIC_KEY=any LANGFUSE_SECRET_KEY="${inShell(facts)}"`,
        ].join('\n'),
      },
    ],
    posts: ['/api/public/ingestion'],
    unsent: 'Of streams, the version of the model.',
    proof: 'run',
  },
  {
    id: 'openai-agents',
    mark: 'openai-agents',
    name: 'OpenAI Agents SDK',
    group,
    words: 'openai agents',
    about: 'Its exporter, with another address, in place of OpenAI’s own.',
    steps: (facts) => [
      {
        label: 'start of the program',
        code: `import { BatchTraceProcessor, OpenAITracingExporter, setTraceProcessors } from '@openai/agents'

const exporter = new OpenAITracingExporter({
  endpoint: '${facts.origin}/v1/traces/ingest',
  apiKey: ${inScript(facts)},
})
setTraceProcessors([new BatchTraceProcessor(exporter)])`,
      },
    ],
    posts: ['/v1/traces/ingest'],
    unsent: 'The model of calls of the Responses API: they stay unpriced. Use chat completions, or the AgentOps SDK.',
    proof: 'run',
  },
  {
    id: 'lunary',
    mark: 'lunary',
    name: 'Lunary',
    group,
    about: 'Programs that report to Lunary report here by two variables.',
    steps: (facts) => [
      {
        label: 'environment variables',
        code: [`export LUNARY_API_URL="${facts.origin}"`, `export LUNARY_PUBLIC_KEY="${inShell(facts)}"`].join('\n'),
      },
    ],
    posts: ['/v1/runs/ingest'],
    unsent: 'Cached tokens, so calls look dearer than they were; ends of streamed calls.',
    proof: 'run',
  },
  {
    id: 'opik',
    mark: 'opik',
    name: 'Opik',
    group,
    words: 'comet opik-openai',
    about: 'Programs that report to Opik report here by three variables.',
    steps: (facts) => [
      {
        label: 'environment variables',
        code: [
          `export OPIK_URL_OVERRIDE="${facts.origin}/api"`,
          `export OPIK_API_KEY="${inShell(facts)}" OPIK_WORKSPACE=any`,
        ].join('\n'),
      },
    ],
    posts: ['/api/v1/private/traces/batch', '/api/v1/private/spans/batch'],
    unsent: 'The provider’s id of an answer.',
    proof: 'run',
  },
  {
    id: 'braintrust',
    mark: 'braintrust',
    name: 'Braintrust',
    group,
    words: 'braintrust logger',
    about: 'Programs that report to Braintrust report here by two variables.',
    steps: (facts) => [
      {
        label: 'environment variables',
        code: [`export BRAINTRUST_APP_URL="${facts.origin}"`, `export BRAINTRUST_API_KEY="${inShell(facts)}"`].join(
          '\n',
        ),
      },
    ],
    posts: ['/api/apikey/login', '/api/project/register', '/logs3'],
    unsent: 'The provider’s id of an answer, and the version of the model.',
    proof: 'run',
  },
  {
    id: 'sentry',
    name: 'Sentry',
    group,
    words: 'sentry agents monitoring',
    about: 'Spans of agents are taken; errors and sessions are passed over.',
    steps: (facts) => [
      {
        label: 'start of the program',
        code: `import * as Sentry from '@sentry/node'

Sentry.init({ dsn: ${dsn(facts)}, tracesSampleRate: 1 })`,
      },
    ],
    posts: ['/api/1/envelope/'],
    unsent: null,
    proof: 'run',
  },
  {
    id: 'posthog',
    mark: 'posthog',
    name: 'PostHog',
    group,
    words: 'posthog llm analytics',
    about: 'Spans and generations are taken; other events are passed over.',
    steps: (facts) => [
      {
        label: 'start of the program',
        code: `import { OpenAI } from '@posthog/ai/openai'
import { PostHog } from 'posthog-node'

const posthog = new PostHog(${inScript(facts)}, { host: '${facts.origin}' })
const client = new OpenAI({ apiKey: process.env.OPENAI_API_KEY, posthog })`,
      },
    ],
    posts: ['/batch/'],
    unsent: 'Tools that run, unless you capture $ai_span: else the ones that models asked for are told.',
    proof: 'run',
  },
  {
    id: 'helicone',
    mark: 'helicone',
    name: 'Helicone, manual logger',
    group,
    words: 'helicone helpers',
    about: 'The manual logger of @helicone/helpers, with another address.',
    steps: (facts) => [
      {
        label: 'start of the program',
        code: `import { HeliconeManualLogger } from '@helicone/helpers'

const logger = new HeliconeManualLogger({
  apiKey: ${inScript(facts)},
  loggingEndpoint: '${facts.origin}/custom/v1/log',
})`,
      },
    ],
    posts: ['/custom/v1/log'],
    unsent: 'Tools that throw.',
    proof: 'run',
  },
]

/** The key is the user of the address. */
function dsn({ origin, key }: Facts): string {
  const { protocol, host } = new URL(origin)
  return key === null ? `\`${protocol}//\${process.env.AGENTOPS_KEY}@${host}/1\`` : `'${protocol}//${key}@${host}/1'`
}
