import { bearerInScript, inScript, inShell, otelEnvironment, type Client, type Facts } from './client.ts'

const group = 'Frameworks and SDKs'
const TRACES = ['/v1/traces'] as const

/** An exporter of Node, named by its address: its environment is not read by every version alike. */
const exporterInScript = (facts: Facts) => `new OTLPTraceExporter({
  url: '${facts.origin}/v1/traces',
  headers: { authorization: ${bearerInScript(facts)} },
})`

/** What is told by OpenTelemetry. */
export const BY_OPENTELEMETRY: Client[] = [
  {
    id: 'vercel-ai-7',
    name: 'Vercel AI SDK 7',
    group,
    words: 'ai sdk next opentelemetry',
    about: 'Register telemetry once where your program starts, and switch it on for each call.',
    steps: (facts) => [
      {
        label: 'install command',
        code: 'npm install @ai-sdk/otel @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-http',
      },
      {
        label: 'start of the program',
        code: `import { OpenTelemetry } from '@ai-sdk/otel'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { registerTelemetry } from 'ai'

const traceExporter = ${exporterInScript(facts)}
new NodeSDK({ serviceName: 'my-agent', traceExporter }).start()
registerTelemetry(new OpenTelemetry())`,
      },
      { label: 'option of each call', code: `telemetry: { isEnabled: true, functionId: 'my-agent' }` },
    ],
    posts: TRACES,
    unsent: 'Retries within one call, and the version of a prompt; users and sessions only with runtimeContext.',
    proof: 'run',
    scope: /^gen_ai$/,
  },
  {
    id: 'vercel-ai-6',
    name: 'Vercel AI SDK 6',
    group,
    words: 'ai sdk next opentelemetry',
    about: 'Start OpenTelemetry where your program starts, and switch telemetry on for each call.',
    steps: (facts) => [
      { label: 'install command', code: 'npm install @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-http' },
      {
        label: 'start of the program',
        code: `import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { NodeSDK } from '@opentelemetry/sdk-node'

const traceExporter = ${exporterInScript(facts)}
new NodeSDK({ serviceName: 'my-agent', traceExporter }).start()`,
      },
      {
        label: 'option of each call',
        code: `experimental_telemetry: { isEnabled: true, functionId: 'my-agent', metadata: { userId: 'user-77' } }`,
      },
    ],
    posts: TRACES,
    unsent: 'The HTTP status of errors; cached tokens of generateObject.',
    proof: 'run',
    scope: /^ai$/,
  },
  {
    id: 'langfuse-5',
    name: 'Langfuse 5',
    group,
    words: 'langfuse opentelemetry tracing',
    about: 'Programs that report to Langfuse report here by three variables.',
    steps: (facts) => [
      {
        label: 'environment variables',
        code: [
          `export LANGFUSE_BASE_URL="${facts.origin}"`,
          `export LANGFUSE_PUBLIC_KEY=any LANGFUSE_SECRET_KEY="${inShell(facts)}"`,
        ].join('\n'),
      },
    ],
    posts: ['/api/public/otel/v1/traces'],
    unsent: 'The provider’s id of an answer, the finish reason and the class of an error.',
    proof: 'run',
    scope: /^langfuse-sdk$/,
  },
  {
    id: 'openinference',
    name: 'OpenInference',
    group,
    words: 'arize phoenix openai anthropic langchain',
    about: 'Instrumentations of OpenInference with an exporter of OpenTelemetry.',
    steps: (facts) => [
      {
        label: 'start of the program',
        code: `const { OpenAIInstrumentation } = require('@arizeai/openinference-instrumentation-openai')
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto')
const { NodeSDK } = require('@opentelemetry/sdk-node')

const traceExporter = ${exporterInScript(facts)}
new NodeSDK({ traceExporter, instrumentations: [new OpenAIInstrumentation()] }).start()`,
      },
    ],
    posts: TRACES,
    unsent: 'With OpenAI: calls that failed, and the usage of streams and embeddings.',
    proof: 'run',
    scope: /openinference/,
  },
  {
    id: 'openllmetry',
    name: 'OpenLLMetry',
    group,
    words: 'traceloop',
    about: 'The SDK of Traceloop, with another address.',
    steps: (facts) => [
      {
        label: 'start of the program',
        code: `const traceloop = require('@traceloop/node-server-sdk')

traceloop.initialize({
  appName: 'my-agent',
  baseUrl: '${facts.origin}',
  apiKey: ${inScript(facts)},
})`,
      },
    ],
    posts: TRACES,
    unsent: 'Calls that failed, whose spans it never ends; cached tokens of OpenAI.',
    proof: 'run',
    scope: /traceloop/,
  },
  {
    id: 'mastra',
    name: 'Mastra',
    group,
    words: 'workflow agent framework opentelemetry',
    about: 'Its OpenTelemetry exporter, with a provider of your own.',
    steps: (facts) => [
      { label: 'install command', code: 'npm install @mastra/otel-exporter @opentelemetry/exporter-trace-otlp-proto' },
      {
        label: 'exporter',
        about: 'Give it to the exporters of your Observability configuration.',
        code: `import { OtelExporter } from '@mastra/otel-exporter'

new OtelExporter({
  provider: {
    custom: {
      endpoint: '${facts.origin}/v1/traces',
      protocol: 'http/protobuf',
      headers: { authorization: ${bearerInScript(facts)} },
    },
  },
  signals: { logs: false },
})`,
      },
    ],
    posts: TRACES,
    unsent: 'A fallback within one call: its attempts are merged.',
    proof: 'run',
    scope: /^@mastra\//,
  },
  {
    id: 'opentelemetry',
    name: 'OpenTelemetry, any language',
    group,
    words: 'otel otlp python java go dotnet rust anthropic openai',
    about:
      'An agent that exports OpenTelemetry traces over HTTP already needs these variables, and no change of code. Protobuf and JSON are both taken.',
    steps: (facts) => [otelEnvironment(facts, ['export OTEL_SERVICE_NAME="my-first-agent"'])],
    posts: TRACES,
    unsent: 'Whatever its instrumentation leaves out: that of OpenAI tells no cached tokens and no tools.',
    proof: 'run',
    scope: /^@opentelemetry\/|^com\.anthropic\.sdk/,
  },
]
